from skytells import SkytellsClient


def test_run(client: SkytellsClient) -> None:
    p = client.run("flux-pro", input={"prompt": "A cat"})
    assert p.status == "succeeded"
    assert [q.id for q in client.predictions.iterate()] == [p.id]
    assert p.refresh().id == p.id
