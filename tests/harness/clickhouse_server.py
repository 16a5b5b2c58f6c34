"""A real listening ClickHouse, out of the chdb wheel: no root, no download, the version the product embeds.

`clickhouse_server` is one node, `clickhouse_cluster` two of them that know each other as two shards of the cluster
`two_shards`. Both run once per session: create a database with a name of your own and drop it. What is missing compared
to the official server: replication, ON CLUSTER, and CREATE USER or ROW POLICY (those live in users.xml only).
"""

import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.harness.ports import free_port, wait_until_listening

CLUSTER = "two_shards"

CONFIG = """<clickhouse>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{node.http_port}</http_port>
  <tcp_port>{node.tcp_port}</tcp_port>
  <users_config>{directory}/users.xml</users_config>
  <remote_servers><{cluster}>{shards}</{cluster}></remote_servers>
  <max_server_memory_usage>2000000000</max_server_memory_usage>
  <mark_cache_size>100000000</mark_cache_size>
</clickhouse>
"""

SHARD = """
    <shard><replica>
      <host>{node.host}</host><port>{node.tcp_port}</port><user>{node.user}</user><password>{node.password}</password>
    </replica></shard>"""

# `default` has to exist without a password: the statement that keeps the server alive runs as it.
USERS = """<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password><networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile><quota>default</quota>
    </default>
    <{node.user}>
      <password>{node.password}</password><networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>
    </{node.user}>
  </users>
</clickhouse>
"""


@dataclass(frozen=True)
class ClickHouseServer:
    """Where a running node listens, and the account that may do everything."""

    http_port: int = field(default_factory=free_port)
    tcp_port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    user: str = "sendlens"
    password: str = "only-for-tests"

    def url(self, database: str = "default") -> str:
        """Return the address of one database over HTTP."""
        return f"clickhouse://{self.user}:{self.password}@{self.host}:{self.http_port}/{database}"


@contextmanager
def running(directory: Path, nodes: Sequence[ClickHouseServer] | None = None) -> Generator[list[ClickHouseServer]]:
    """Run one process per node, all of them shards of one cluster, and stop them afterwards."""
    nodes = nodes or [ClickHouseServer()]
    with ExitStack() as stack:
        for number, node in enumerate(nodes):
            stack.enter_context(_node(directory / f"node{number}", node, nodes))
        yield list(nodes)


@contextmanager
def _node(directory: Path, node: ClickHouseServer, nodes: Sequence[ClickHouseServer]) -> Generator[None]:
    directory.mkdir()
    shards = "".join(SHARD.format(node=shard) for shard in nodes)
    config = CONFIG.format(node=node, directory=directory, cluster=CLUSTER, shards=shards)
    (directory / "config.xml").write_text(config)
    (directory / "users.xml").write_text(USERS.format(node=node))
    log = directory / "log"
    child = Path(__file__).with_name("clickhouse_child.py")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, child, directory / "data"], cwd=directory, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
    try:
        for port in (node.http_port, node.tcp_port):
            wait_until_listening(port, process, log)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[ClickHouseServer]:
    """One ClickHouse node for the whole session."""
    with running(tmp_path_factory.mktemp("clickhouse")) as (node,):
        yield node


@pytest.fixture(scope="session")
def clickhouse_cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[list[ClickHouseServer]]:
    """Two ClickHouse nodes that are the two shards of the cluster `two_shards`."""
    two = [ClickHouseServer(), ClickHouseServer()]
    with running(tmp_path_factory.mktemp("clickhouse-cluster"), two) as nodes:
        yield nodes
