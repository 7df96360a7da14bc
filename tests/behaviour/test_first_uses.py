"""First uses by several threads at once: what loads later than the client loads for all of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Nobody listens at the address: each verb ends in an error of the package's, if nothing else is wrong.
CODE = """
import sys, threading
from skytells import SkytellsClient, SkytellsError

client = SkytellsClient(
    "sk-key", base_url="http://127.0.0.1:9/v1", retry={"retries": 0}, orchestrator_key="wfb_key",
    orchestrator_base_url="http://127.0.0.1:9",
)
said = [{"role": "user", "content": "Hi"}]
verbs = [
    lambda: client.chat.completions.create(model="gpt-5", messages=said),
    lambda: list(client.chat.completions.stream(model="gpt-5", messages=said)),
    lambda: list(client.responses.stream(model="gpt-5", input="Hi")),
    lambda: list(client.predictions.stream("pred_1", max_wait=10)),
    lambda: client.embeddings.create(model="embed", input="Hi"),
    lambda: client.safety.check_text("Hi"),
    lambda: client.models.list(),
    lambda: client.orchestrator.workflows.list(),
    lambda: client.predictions.open("pred_1").read(),
    lambda: client.predictions.save("pred_1"),
    lambda: client.run("flux-pro", input={}),
    lambda: client.wait("pred_1", max_wait=10),
    lambda: client.wait_all(["pred_1"], max_wait=10),
]
start, foreign = threading.Barrier(len(verbs)), []

def use(verb):
    start.wait()
    try:
        verb()
    except SkytellsError:
        pass
    except BaseException as error:
        foreign.append(repr(error))

sys.setswitchinterval(1e-5)
threads = [threading.Thread(target=use, args=(verb,)) for verb in verbs]
for thread in threads: thread.start()
for thread in threads: thread.join(30)
print(*foreign, sep="\\n")
"""


@pytest.mark.parametrize("turn", range(8))
def test_threads_may_use_anything_for_the_first_time_at_once(turn: int) -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=90)
    assert done.stdout.strip() == "", f"turn {turn}"
    assert done.stderr == ""
