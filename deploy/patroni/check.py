#!/usr/bin/env python3
"""Looks through the files of this folder. Needs PyYAML.

  check.py [FOLDER]   FOLDER: instead of the one that this file is in

The times fit together, each server has ports and a folder of its own, haproxy knows the servers by the ports that they listen on, and asks
each at its own Patroni, a server that no longer takes writes loses its sessions, and no file has a password. The log of each server is archived:
pgBackRest knows its folder and port, as Patroni does, and the stanza of ../pgbackrest. Ends with 1 when something is wrong.
"""

import pathlib
import re
import sys

import yaml

NAMES = ["db1", "db2", "db3"]


def settings(file):
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if line and not line.startswith("#"))


def port(address):
    return int(address.rsplit(":", 1)[1])


def sections(text):
    """The lines of each section of haproxy's file."""
    found, here = {}, None
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if not line[0].isspace():
            here = found.setdefault(" ".join(words), [])
        else:
            here.append(words)
    return found


def archiving(folder, config, servers):
    """Where Patroni's files, those of its servers and pgBackRest's do not fit together."""
    postgresql = config["bootstrap"]["dcs"]["postgresql"]
    restored = config["postgresql"]["pgbackrest"]["command"]
    commands = [postgresql["parameters"]["archive_command"], postgresql["recovery_conf"]["restore_command"], restored]
    kept = (folder.parent / "pgbackrest/pgbackrest.conf").read_text()
    stanzas = [line.strip("[]") for line in kept.splitlines() if line.startswith("[") and not line.startswith("[global")]
    if postgresql["parameters"]["archive_mode"] != "on" or [command.split()[2] for command in commands[:2]] != ["archive-push", "archive-get"]:
        yield "the log is not archived, or not read back"
    if config["postgresql"]["create_replica_methods"] != ["pgbackrest", "basebackup"]:
        yield "a new standby comes from the repository, and from the primary where there is no backup"
    if [re.findall(r"--stanza=(\w+)", command) for command in commands] != [stanzas] * 3:
        yield f"commands of patroni.yml name other stanzas than pgbackrest.conf, which has {stanzas}"
    if re.search(r"(?m)^archive-push-queue-max", kept):
        yield "pgbackrest.conf drops segments that wait, and reports them as archived"
    owed = {}
    for at, (name, server) in enumerate(servers.items(), 1):
        place = {"PATH": server["PATRONI_POSTGRESQL_DATA_DIR"], "PORT": str(port(server["PATRONI_POSTGRESQL_LISTEN"]))}
        owed.update({f"PGBACKREST_PG{at}_{key}": value for key, value in place.items()})
        for key, value in place.items():
            if server.get(f"PGBACKREST_PG1_{key}") != value:
                yield f"{name}.env: pgBackRest archives {server.get(f'PGBACKREST_PG1_{key}')}, and Patroni keeps {value}"
        if server["PGBACKREST_LOCK_PATH"] != f"/run/entrepot-patroni-{name}":
            yield f"{name}.env: no unit makes the folder of PGBACKREST_LOCK_PATH"
    if settings(folder / "pgbackrest.env") != owed:
        yield f"pgbackrest.env is not {owed}"
    if "RuntimeDirectory=entrepot-patroni-%i\n" not in (folder / "entrepot-patroni@.service").read_text():
        yield "the unit makes no folder for PGBACKREST_LOCK_PATH"


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    folder = folder if folder.is_dir() else folder.parent
    wrong = []
    config = yaml.safe_load((folder / "patroni.yml").read_text())
    dcs = config["bootstrap"]["dcs"]
    if dcs["loop_wait"] + 2 * dcs["retry_timeout"] > dcs["ttl"] or dcs["ttl"] < 20:
        wrong.append("ttl has to be 20 or more, and at least loop_wait + 2 * retry_timeout")
    if dcs["ttl"] + dcs["loop_wait"] + dcs["retry_timeout"] > 30:
        wrong.append("a machine that is gone has to be replaced within 30 s")
    if dcs["primary_start_timeout"] != 0 or dcs["synchronous_mode"] is not True:
        wrong.append("a dead Postgres is replaced at once, and what was answered is on a standby")
    if not dcs["postgresql"]["use_pg_rewind"] or "data-checksums" not in config["bootstrap"]["initdb"]:
        wrong.append("pg_rewind needs checksums")
    servers = {name: settings(folder / f"{name}.env") for name in NAMES}
    for name, server in servers.items():
        if server["PATRONI_NAME"] != name:
            wrong.append(f"{name}.env: its name is {server['PATRONI_NAME']}")
        for what in ("POSTGRESQL", "RESTAPI"):
            if server[f"PATRONI_{what}_LISTEN"] != server[f"PATRONI_{what}_CONNECT_ADDRESS"]:
                wrong.append(f"{name}.env: {what} listens elsewhere than it says")
    own = ["PATRONI_" + key for key in ("POSTGRESQL_LISTEN", "RESTAPI_LISTEN", "POSTGRESQL_DATA_DIR", "POSTGRESQL_PGPASS")]
    for key in own + ["PGBACKREST_SPOOL_PATH", "PGBACKREST_LOCK_PATH"]:
        if len({server[key] for server in servers.values()}) != len(NAMES):
            wrong.append(f"two servers have the same {key}")
    wrong += archiving(folder, config, servers)
    etcd = settings(folder / "etcd.env")
    if not etcd["ETCD_LISTEN_CLIENT_URLS"].endswith(config["etcd3"]["hosts"]):
        wrong.append("Patroni asks another etcd than etcd.env")
    proxies = sections((folder / "haproxy.cfg").read_text())
    for role in ("primary", "replica"):
        lines = proxies[f"listen {role}"]
        known = {words[1]: (port(words[2]), int(words[4])) for words in lines if words[0] == "server"}
        owed = {name: (port(server["PATRONI_POSTGRESQL_LISTEN"]), port(server["PATRONI_RESTAPI_LISTEN"])) for name, server in servers.items()}
        if known != owed:
            wrong.append(f"haproxy's {role} knows {known}, and there are {owed}")
        if not any(words[:2] == ["http-check", "send"] and re.match(rf"/{role}(\?|$)", words[-1]) for words in lines):
            wrong.append(f"haproxy's {role} does not ask for /{role}")
        if not any(words[0] == "default-server" and "check" in words and "shutdown-sessions" in words for words in lines):
            wrong.append(f"haproxy's {role} leaves sessions at a server that was left out")
    for file in folder.iterdir():
        if file.suffix in (".yml", ".env", ".cfg") and re.search(r"(?i)password *[:=]", file.read_text()):
            wrong.append(f"{file.name} has a password")
    for line in wrong:
        print(f"check: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
