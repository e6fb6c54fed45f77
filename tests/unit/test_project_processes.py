"""Procfile, Compose, Dockerfile and `bridge up` run the same processes."""

import fnmatch
import re
import shlex
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from bridge.supervise import commands
from bridge.supervise.embedded import OPTIONS
from bridge.supervise.stack import BREATH
from config import Settings
from config.broker import lease_time
from tests.support.project_files import ROOT, compose, expanded, procfile, text

EXPECTED = {
    "web": commands.web(8000, {}).argv,
    "worker": commands.worker({}, 0).argv,
    "beat": commands.beat({}).argv,
    "flower": commands.flower(5555, {}).argv,
}
OURS = tuple(EXPECTED)
UNITS = {"s": 1, "m": 60, "h": 3600}
SERVICES: dict[str, dict[str, Any]] = compose()["services"]


def bare(argv: Sequence[str]) -> list[str]:
    """Return a command without `python -m`, so that those of a PATH compare with ours."""
    return list(argv[2:]) if tuple(argv[:2]) == (sys.executable, "-m") else list(argv)


def inside(argv: Sequence[str]) -> list[str]:
    """Return a command as a container runs it: bound to all of the container's addresses."""
    return [word.replace("127.0.0.1", "0.0.0.0") for word in bare(argv)]  # noqa: S104 - in there


def seconds(duration: str) -> float:
    """Return the seconds of a Compose duration."""
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([smh])", duration))


@pytest.mark.parametrize("name", OURS)
def test_the_procfile_runs_what_bridge_up_runs(name: str) -> None:
    """One way to start a process, wherever it is started."""
    assert shlex.split(expanded(procfile()[name])) == bare(EXPECTED[name])


def test_the_procfile_has_no_other_process() -> None:
    """Its processes are the bridge's: web, worker, beat, flower."""
    assert tuple(procfile()) == OURS


@pytest.mark.parametrize("name", OURS)
def test_compose_runs_what_bridge_up_runs(name: str) -> None:
    """The same commands, inside of containers."""
    assert shlex.split(SERVICES[name]["command"]) == inside(EXPECTED[name])


def test_the_image_runs_the_web_process_by_itself() -> None:
    """`docker run` without a command is the web process."""
    last = text("Dockerfile").splitlines()[-1]
    words = re.findall(r'"([^"]+)"', last.removeprefix("CMD "))
    assert words == inside(EXPECTED["web"])


def test_composes_valkey_keeps_data_as_the_embedded_one_does() -> None:
    """AOF, fsync and eviction are those that `bridge up` starts its own with."""
    command = SERVICES["valkey"]["command"]
    said = dict(zip(command[1::2], command[2::2], strict=True))
    kept = {f"--{name}": value for name, value in OPTIONS.items() if name != "bind"}
    assert said == kept
    assert SERVICES["valkey"]["volumes"] == ["valkey-data:/data"]


def test_workers_get_the_time_to_finish_the_longest_request() -> None:
    """Compose waits at least as long as `bridge up` does before it kills a worker."""
    needed = lease_time(Settings.model_construct()).total_seconds() + BREATH
    assert seconds(SERVICES["worker"]["stop_grace_period"]) >= needed


@pytest.mark.parametrize("name", ["web", "beat", "flower"])
def test_the_others_get_the_time_that_bridge_up_gives_them(name: str) -> None:
    """No process is killed earlier in a container."""
    grace = commands.Command(name, ()).grace
    assert seconds(SERVICES[name]["stop_grace_period"]) >= grace


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_hardened(name: str) -> None:
    """Nothing is writable but memory and volumes, no privilege is kept, all start again."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - the container's own
    assert "max-size" in service["logging"]["options"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_a_health_check(name: str) -> None:
    """`docker compose up --wait` returns when all is well."""
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", OURS)
def test_our_containers_wait_for_valkey(name: str) -> None:
    """They run one image, and start when the store answers."""
    assert SERVICES[name]["image"] == "wavv-askelephant-bridge"
    assert SERVICES[name]["depends_on"] == {"valkey": {"condition": "service_healthy"}}
    assert SERVICES[name]["environment"]["BRIDGE_REDIS_URL"] == "redis://valkey:6379/0"


def test_ports_are_published_on_the_loopback_only() -> None:
    """Nothing is open to the network without a proxy; Valkey is not published at all."""
    ports = {name: expanded(" ".join(one.get("ports", []))) for name, one in SERVICES.items()}
    published = {name: port for name, port in ports.items() if port}
    assert published == {"web": "127.0.0.1:8000:8000", "flower": "127.0.0.1:5555:5555"}
    assert SERVICES["valkey"]["networks"] == ["store"]
    assert compose()["networks"]["store"] == {"internal": True}


def test_workers_can_be_scaled() -> None:
    """No name and no port of a worker stands in the way of a second one."""
    assert not {"container_name", "ports", "hostname"} & set(SERVICES["worker"])


def test_flower_asks_for_a_password_and_knows_no_secret() -> None:
    """Compose refuses to start without FLOWER_BASIC_AUTH; the API keys are not handed to it."""
    flower = SERVICES["flower"]
    assert flower["environment"]["FLOWER_BASIC_AUTH"].startswith("${FLOWER_BASIC_AUTH:?")
    assert "env_file" not in flower
    fields = {name.removeprefix("BRIDGE_").lower() for name in flower["environment"]}
    assert fields & set(Settings.model_fields) == {"redis_url", "broker_url", "namespace"}


def test_no_secret_stands_in_the_files() -> None:
    """Settings come from `.env`, which git and the image leave out."""
    assert ".env" in text(".gitignore").splitlines()
    for name in ("docker-compose.yml", "Dockerfile", "Procfile", ".env.example"):
        assert not re.search(r"whsec_[A-Za-z0-9+/]{8}|sk-apik_\w+\.\w+", text(name)), name
        assert not re.search(r"://[^/\s]*:[^/\s]*@", text(name)), name


def test_the_image_runs_as_nobody_special() -> None:
    """The last stage ends as a numbered user that is not root."""
    users = re.findall(r"^USER (\S+)$", text("Dockerfile").rpartition("\nFROM ")[2], re.MULTILINE)
    assert users
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", users[-1])


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_runs_as_root(name: str) -> None:
    """Ours as the image's numbered user, whoever built it; Valkey as its own."""
    users = re.findall(r"^USER (\S+)$", text("Dockerfile"), re.MULTILINE)
    assert SERVICES[name]["user"] == (users[-1] if name in OURS else "valkey")


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_reaches_the_host(name: str) -> None:
    """No socket of the engine, no directory and no namespace of the host's, no added capability."""
    shared = {"cap_add", "devices", "pid", "ipc", "network_mode", "userns_mode", "volumes_from"}
    assert not shared & set(SERVICES[name])
    mounts = [volume.partition(":")[0] for volume in SERVICES[name].get("volumes", [])]
    assert set(mounts) <= set(compose()["volumes"])


def test_the_image_installs_nothing_unpinned() -> None:
    """Every installation takes hashes from a lock, or a wheel made here."""
    installs = re.findall(r"pip install (.*)", text("Dockerfile"))
    pinned = [line for line in installs if "--require-hashes" in line and ".lock" in line]
    made_here = [line for line in installs if "--no-index --no-deps /wheels/" in line]
    assert len(pinned) == 2
    assert installs == [*pinned, *made_here]


def test_the_image_is_made_of_what_dockerignore_lets_through() -> None:
    """Each COPY finds its file, and `.env` can never be copied."""
    lines = [line for line in text(".dockerignore").splitlines() if line and line[0] != "#"]
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copies = re.findall(r"^COPY (?!--from)(.*) \S+$", text("Dockerfile"), re.MULTILINE)
    copied = {name for line in copies for name in line.split()}
    assert lines[0] == "*"
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
    assert not any(fnmatch.fnmatch(".env", pattern) for pattern in allowed)
