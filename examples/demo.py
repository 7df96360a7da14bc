"""The main job, end to end and without a key: start the local platform, run models, show the outputs."""

from __future__ import annotations

import asyncio

import skytells.local
from skytells import PredictionResponse, SkytellsError


def show_progress(prediction: PredictionResponse) -> None:
    progress = prediction.metrics.progress if prediction.metrics else None
    filled = round((progress or 0) / 5)
    print(f"\r  {prediction.status:<10} [{'#' * filled:<20}] {progress or 0:5.1f} %", end="")


def sync_demo(platform: skytells.local.LocalPlatform) -> None:
    with platform.client() as client:
        print("\nModels:", ", ".join(str(model.slug) for model in client.models.list()))

        print("\nSkytellsClient: a picture")
        prediction = client.run("flux-pro", input={"prompt": "An astronaut on the moon"})
        print(f"  {prediction.status}: {prediction.outputs()}")

        print("\nSkytellsClient: a video, with progress")
        prediction = client.run(
            "truefusion-video-pro", input={"prompt": "Waves at dusk"}, on_progress=show_progress
        )
        print(f"\n  {prediction.status}: {prediction.outputs()}")

        try:
            client.run("flux-por", input={"prompt": "A typing error"})
        except SkytellsError as error:
            print(f"\nAn error tells what to do: {error.error_id} ({error.http_status})\n  {error}")


async def async_demo(platform: skytells.local.LocalPlatform) -> None:
    print("\nAsyncSkytellsClient: three pictures at once")
    async with platform.async_client() as client:
        prompts = ["A cat", "A dog", "A bird"]
        runs = (client.run("truefusion", input={"prompt": prompt}) for prompt in prompts)
        for prompt, prediction in zip(prompts, await asyncio.gather(*runs), strict=True):
            print(f"  {prompt}: {prediction.status}: {prediction.outputs()}")


def main() -> None:
    with skytells.local.serve(speed=20.0) as platform:
        print(f"The local platform runs at {platform.url}")
        sync_demo(platform)
        asyncio.run(async_demo(platform))
    print("\nDone. With a key of your own, the same code runs on the real platform.")


if __name__ == "__main__":
    main()
