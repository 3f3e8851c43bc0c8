"""What a run sees and can do in a sandbox: its own folder, Python, the data, and nothing else."""
# ruff: noqa: E501

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from guards import CHECKOUT, PYTHON, SYSTEM_PYTHON, guarded, limits, need, token

import d2l
from d2l.grader.sandbox.bubblewrap import system_call_filter
from d2l.grader.sandbox.client import run_sandboxed
from d2l.grader.sandbox.isolation import IsolationError, Level, SandboxConfig, module_command
from d2l.grader.sandbox.workspace import require_readable, unprivileged_user

pytestmark = pytest.mark.usefixtures("private_temporary_folder")


def found_by(source, level, **options):
    """What a program in a sandbox puts into its dictionary `found`."""
    whole = f"import json, os\nfound = {{}}\n{source}\nprint(json.dumps(found))"
    ended, said = guarded(whole, level, **options)
    assert ended.status == "ok", ended
    return json.loads(said)


def test_no_server_outside_is_reached_and_the_box_has_a_loopback_of_its_own(isolated):
    name = token()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as abstract,
    ):
        abstract.bind("\0" + name)
        abstract.listen()
        source = (
            "import socket\n"
            "def works(family, address):\n"
            "    try: socket.socket(family).connect(address); return True\n"
            "    except OSError: return False\n"
            "own = socket.create_server(('127.0.0.1', 0))\n"
            "found['own'] = works(socket.AF_INET, own.getsockname())\n"
            f"found['tcp'] = works(socket.AF_INET, ('127.0.0.1', {server.getsockname()[1]}))\n"
            f"found['abstract'] = works(socket.AF_UNIX, '\\0{name}')\n"
            "found['interfaces'] = [name for _, name in socket.if_nameindex()]"
        )
        found = found_by(source, isolated)
        assert found == {"own": True, "tcp": False, "abstract": False, "interfaces": ["lo"]}
        assert found_by(source, isolated, network=True)["tcp"] is True  # so the test can fail


def test_only_python_the_system_the_data_and_the_package_are_in_sight(isolated, tmp_path):
    (tmp_path / "secret").write_text("secret")
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text("1,2")
    tmp_path.chmod(0o755)
    data.chmod(0o755)
    source = (
        "found['data'] = open(os.environ['D2L_DATA'] + '/a.csv').read()\n"
        f"places = [{str(tmp_path / 'secret')!r}, {str(data)!r},\n"
        f"  {str(Path.home() / '.profile')!r}, {str(CHECKOUT / 'pyproject.toml')!r},\n"
        f"  {str(CHECKOUT / 'tests')!r}, '/etc/shadow',\n"
        "  '/etc/hostname', '/var/log', '/run', '/mnt', '/home', '/sys/fs/cgroup']\n"
        "found['places'] = [place for place in places if os.path.exists(place)]\n"
        f"found['package'] = os.listdir({str(CHECKOUT)!r})"
    )
    found = found_by(source, isolated, data=data)
    assert (found["data"], found["places"]) == ("1,2", [])
    # An environment may lie in the checkout, and is Python's own.
    assert set(found["package"]) - {Path(sys.prefix).name} == {"d2l"}


def test_nothing_but_the_own_folders_can_be_written_to(isolated, tmp_path):
    tmp_path.chmod(0o755)
    source = (
        "found['written'] = []\n"
        f"package = {str(Path(d2l.__file__).parent)!r}\n"
        "for folder in ('/', '/usr', '/etc', '/dev', '/data', package,\n"
        "        '/sys/devices/system/cpu', '/sandbox/work', '/sandbox/data', '/tmp', '/dev/shm'):\n"
        "    try: open(folder + '/new', 'w').close(); found['written'].append(folder)\n"
        "    except OSError: pass"
    )
    found = found_by(source, isolated, data=tmp_path)
    assert found == {"written": ["/sandbox/work", "/sandbox/data", "/tmp", "/dev/shm"]}
    assert os.listdir(tmp_path) == []


def test_no_privilege_is_left_and_the_isolation_cannot_be_undone(isolated):
    source = (
        "import ctypes\n"
        "lines = dict(line.split(':\\t') for line in open('/proc/self/status') if ':\\t' in line)\n"
        "kinds = ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')\n"
        "found['capabilities'] = [int(lines[kind], 16) for kind in kinds]\n"
        "found['sealed'] = lines['NoNewPrivs'].strip()\n"
        "found['groups'] = [g for g in os.getgroups() if g != os.getgid()]\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "found['unmounted'] = libc.umount2(b'/usr', 2) == 0\n"
        "found['remounted'] = libc.mount(b'', b'/', b'', 32 | 4096, b'') == 0\n"
        "try: os.setuid(0); found['root'] = True\n"
        "except OSError: found['root'] = False"
    )
    found = found_by(source, isolated)
    assert found == {
        "capabilities": [0] * 5,
        "sealed": "1",
        "groups": [],
        "unmounted": False,
        "remounted": False,
        "root": False,
    }


@pytest.mark.skipif(not system_call_filter(), reason="no filter for this processor")
def test_no_run_can_make_namespaces_look_into_processes_or_keep_memory_on_nobodys_account(isolated):
    source = (
        "import ctypes, threading\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "def refused(name, *values):\n"
        "    return getattr(libc, name)(*values) == -1 and ctypes.get_errno() == 1\n"  # EPERM
        "found['refused'] = [refused('unshare', 0x10000000), refused('shmget', 0, 4096, 0o1600),\n"
        "    refused('ptrace', 0, 0, 0, 0), refused('setns', 0, 0)]\n"
        f"clone = {56 if platform.machine() == 'x86_64' else 220}\n"
        "child = libc.syscall(clone, 0x10000000 | 17, 0, 0, 0, 0)\n"
        "if child == 0: os._exit(0)\n"
        "found['new user'] = child != -1\n"
        "thread = threading.Thread(target=lambda: found.update(thread='works'))\n"
        "thread.start(); thread.join()\n"
        "found['process'] = os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)[1]"
    )
    assert found_by(source, isolated) == {
        "refused": [True] * 4,
        "new user": False,
        "thread": "works",
        "process": 0,
    }


def test_other_processes_are_out_of_sight_and_out_of_reach(isolated):
    source = (
        "found['numbers'] = sorted(int(n) for n in os.listdir('/proc') if n.isdigit())[-1] < 10\n"
        f"try: os.kill({os.getpid()}, 0); found['reached'] = True\n"
        "except OSError: found['reached'] = False"
    )
    assert found_by(source, isolated) == {"numbers": True, "reached": False}


def test_the_package_is_found_by_its_own_program_and_by_no_other_path(isolated):
    said = []
    command = module_command(
        "d2l.grader.sandbox.isolation"
    )  # has no main: the error says which file was read
    sandbox = SandboxConfig(isolated, limits())
    found = run_sandboxed(command, sandbox, b"", lambda pipe: said.append(pipe.read()))
    assert (
        f"cannot import name 'main' from 'd2l.grader.sandbox.isolation' ({CHECKOUT}/d2l"
        in found.stderr_tail
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="runs are users of their own where root grades")
def test_as_root_each_run_is_a_user_of_its_own_who_reads_nothing_of_another(
    private_temporary_folder,
):
    users = {unprivileged_user() for _ in range(20)}
    assert len(users) == 20
    assert all(user > 2**16 for user in users)
    secret = Path(private_temporary_folder, "d2l-sandbox-other", "sandbox")
    secret.mkdir(parents=True)
    (secret / "file").write_text("secret")
    other, kept = unprivileged_user(), Path(private_temporary_folder, "kept")
    os.chown(secret, other, other)
    secret.chmod(0o700)
    kept.write_text("mine")
    kept.chmod(0o600)
    try:
        source = (
            f"found['me'] = os.getuid()\nfound['read'] = []\n"
            f"for path in ({str(secret / 'file')!r}, {str(kept)!r}, '/etc/shadow'):\n"
            "    try: open(path).close(); found['read'].append(path)\n"
            "    except OSError: pass\n"
            f"try: os.kill({os.getpid()}, 0); found['reached'] = True\n"
            "except OSError: found['reached'] = False"
        )
        found = found_by(source, need(Level.NONE))
    finally:
        kept.unlink()
        (secret / "file").unlink()
        secret.rmdir()
        secret.parent.rmdir()
    assert found["me"] > 2**16
    assert found["read"] == []
    assert found["reached"] is False


def test_a_folder_that_the_run_could_not_read_is_named(tmp_path):
    closed = tmp_path / "closed"
    python = closed / "python"
    python.mkdir(parents=True)
    closed.chmod(0o700)
    with pytest.raises(IsolationError, match=r"cannot read .*\(required for .*closed/python\)"):
        require_readable([python], user=12345, with_parents=True)
    require_readable([python], user=12345, with_parents=False)
    require_readable([python], user=None, with_parents=True)
    python.chmod(0o700)
    with pytest.raises(IsolationError, match=f"chmod o\\+rx {python}"):
        require_readable([python], user=12345, with_parents=False)


def as_ordinary_user(level, *sources):
    """What these programs print, one after the other, and how each ends, for a grader not root."""
    if not Path(SYSTEM_PYTHON).exists():
        pytest.skip(f"no {SYSTEM_PYTHON} for an ordinary user")
    if level == Level.BUBBLEWRAP and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    is_root = os.geteuid() == 0
    if is_root and not all(parent.stat().st_mode & 0o001 for parent in CHECKOUT.parents):
        pytest.skip("an ordinary user cannot read this checkout")
    grader = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "from d2l.grader.sandbox.isolation import Level\n"
        "from d2l.grader.sandbox.isolation import Limits\n"
        "from d2l.grader.sandbox.isolation import SandboxConfig\n"
        "from d2l.grader.sandbox.client import run_sandboxed\n"
        f"sandbox = SandboxConfig(Level({int(level)}), Limits(wall_seconds=20, memory=2**28, processes=30))\n"
        "for source in sys.argv[1:]:\n"
        f"    command = [{PYTHON!r}, '-I', '-S', '-c', source]\n"
        "    print(run_sandboxed(command, sandbox, b'', lambda p: print(p.read().decode())).status)\n"
    )
    become = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] * is_root
    command = [*become, SYSTEM_PYTHON, "-I", "-c", grader, str(CHECKOUT), *sources]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900, check=False, env={"TMPDIR": "/tmp"}
    )
    assert done.stderr == ""
    return [line for line in done.stdout.split("\n") if line]


@pytest.mark.parametrize("level", [Level.NONE, Level.BUBBLEWRAP])
def test_an_ordinary_user_has_the_same_isolation(level):
    inner = (
        "import json, os; print(json.dumps([os.getuid(), os.path.exists('/home'),"
        " os.access('/usr', os.W_OK), sorted(os.listdir('..'))]))"
    )
    found, *statuses = as_ordinary_user(
        level,
        inner,
        "kept = bytearray(b'x') * 300_000_000; import time; time.sleep(5)",
        "import os, time; [os.fork() for _ in range(6)]; time.sleep(5)",
    )
    user = os.geteuid() or 65534
    is_isolated = level > Level.NONE
    assert json.loads(found) == [user, not is_isolated, False, ["data", "home", "tmp", "work"]]
    assert statuses == ["ok", "memory", "processes"]


def test_the_run_of_an_ordinary_user_finds_no_pipe_to_the_grader_but_that_of_messages_on_errors():
    # Process 1 of the sandbox is bubblewrap's own, and the same user's.
    source = (
        "import os; folder = '/proc/1/fd/'\n"
        "print([n for n in os.listdir(folder) if 'pipe:' in os.readlink(folder + n)])"
    )
    assert as_ordinary_user(Level.BUBBLEWRAP, source) == ["['2']", "ok"]


@pytest.mark.skipif(not system_call_filter(), reason="no filter for this processor")
def test_no_socket_of_a_family_that_leads_out_of_the_sandbox_can_be_made(isolated):
    source = (
        "import socket\n"
        "def error(family, kind=socket.SOCK_DGRAM, protocol=0):\n"
        "    try: socket.socket(family, kind, protocol).close(); return 0\n"
        "    except OSError as error: return error.errno\n"
        # vsock, packet, alg, bluetooth, xdp
        "found['refused'] = [error(family) for family in (40, 17, 38, 31, 44)]\n"
        "found['netfilter'] = error(16, socket.SOCK_RAW, 12)\n"
        "found['allowed'] = [error(family) for family in (1, 2, 10)]"
    )
    assert found_by(source, isolated) == {"refused": [97] * 5, "netfilter": 97, "allowed": [0] * 3}


def test_no_path_of_the_grader_is_on_a_command_line_that_can_be_read(isolated, tmp_path):
    tmp_path.chmod(0o755)
    source = "found['lines'] = open('/proc/1/cmdline').read().split(chr(0))"
    lines = found_by(source, isolated, data=tmp_path)["lines"]
    assert lines[0] == "bwrap"
    assert not [line for line in lines if str(tmp_path) in line or "bind" in line]
