"""Start the server on seeded data, drive it with requests, and read what its processes cost.

CPU is the operating system's accounting of the server's process and, on PostgreSQL, of the database's processes.
The absolute figures depend on the machine; ratios within one run hold.
"""

import argparse
import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import select

from challenge.accounts import actions as accounts
from challenge.accounts.gate import cookie_name, csrf_for
from challenge.accounts.models import Person, RoleName, Scope
from challenge.accounts.viewer import for_command
from challenge.assignments.models import Assignment
from challenge.calls.models import Call
from challenge.demo.seed import CRITERIA, Amounts, seed
from challenge.foundation.db import Database
from challenge.foundation.ids import fingerprint
from challenge.migrations.run import upgrade
from challenge.proposals.models import Proposal, ProposalState
from challenge.reviews.models import Review
from challenge.settings import settings
from tests import servers

# Milliseconds of CPU per operation, from the project's performance targets.
BUDGET = {
    "call page": 0.8,
    "submit flow, 10 answers": 9.0,
    "reviewer's list": 4.0,
    "review page": 4.0,
    "save a review": 3.0,
    "organizer's list, 50 rows": 4.0,
    "ranking, all rows": 50.0,
}
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Measured:
    name: str
    cpu_ms: float
    p50_ms: float
    p95_ms: float
    per_second: float
    errors: int


@dataclass
class Signed:
    """A signed-in browser."""

    cookie: str
    csrf: str

    @property
    def headers(self) -> dict[str, str]:
        return {"cookie": f"{cookie_name()}={self.cookie}", "x-csrftoken": self.csrf, "accept": "text/html"}


def cpu_seconds(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        try:
            parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(parts[11]) + int(parts[12])
    return total / TICK


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parent = int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            parents.setdefault(parent, []).append(int(path.name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += parents.get(one, [])
    return found


class Bench:
    def __init__(self, url: str, var: Path, options: argparse.Namespace, database_pid: int | None) -> None:
        self.url, self.var, self.options, self.database_pid = url, var, options, database_pid
        self.results: list[Measured] = []

    async def prepare(self) -> None:
        await asyncio.to_thread(upgrade, self.url)
        self.database = Database(self.url)
        async with self.database.writing() as db:
            await seed(
                db,
                Amounts(
                    proposals=self.options.proposals,
                    reviewers=100,
                    reviews_per_proposal=3,
                    open_per_reviewer=40,
                ),
            )
            call = (await db.exec(select(Call))).one()
            manager = await accounts.add_person(
                db, name="Manager", email="manager@example.org", is_confirmed=True, by=for_command()
            )
            await accounts.grant(db, manager.id, RoleName.MANAGER, Scope.CALL, call.id, by=for_command())
            reviewer = (
                await db.exec(select(Person).where(Person.email == "reviewer0.load1@example.org"))
            ).one()
            reviewed = select(Review.assignment_id)
            self.open = list(
                (
                    await db.exec(
                        select(Assignment.id).where(
                            Assignment.person_id == reviewer.id,
                            Assignment.id.not_in(reviewed),  # type: ignore[attr-defined]
                        )
                    )
                ).all()
            )
            self.slug = call.slug
            self.manager = await self._signed(db, manager)
            self.reviewer = await self._signed(db, reviewer)
            people = (
                await db.exec(
                    select(Person).where(Person.email.startswith("applicant")).limit(40)  # type: ignore[attr-defined]
                )
            ).all()
            self.applicants = [await self._signed(db, person) for person in people]
            await db.commit()
        if not self.database.is_sqlite:
            async with self.database.engine.connect() as connection:
                await connection.exec_driver_sql("ANALYZE")

    async def _signed(self, db: Any, person: Person) -> Signed:
        secret = await accounts.open_session(db, person, "bench")
        return Signed(secret, csrf_for(fingerprint(secret)))

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        env = dict(os.environ, CHALLENGE_DATABASE_URL=self.url, CHALLENGE_VAR_DIR=str(self.var))
        self.server = subprocess.Popen(
            [sys.executable, "-m", "challenge.cli", "serve", "--port", str(self.port), "--no-worker"],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _try in range(200):
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=1)
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise RuntimeError("the server did not start")

    def stop(self) -> None:
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(20)

    def pids(self) -> list[int]:
        return family(self.server.pid) + (family(self.database_pid) if self.database_pid else [])

    async def measure(
        self,
        name: str,
        one: Callable[[httpx.AsyncClient, int], Awaitable[bool]],
        rounds: int,
        at_once: int = 1,
    ) -> Measured:
        """Run `one` so many times after a warm-up and note CPU, times and failures."""
        times: list[float] = []
        errors = 0
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=60) as client:
            for n in range(5):
                await one(client, n)
            gate = asyncio.Semaphore(at_once)
            before, began = cpu_seconds(self.pids()), time.perf_counter()

            async def timed(n: int) -> None:
                nonlocal errors
                async with gate:
                    start = time.perf_counter()
                    errors += 0 if await one(client, n) else 1
                    times.append((time.perf_counter() - start) * 1000)

            await asyncio.gather(*(timed(n + 5) for n in range(rounds)))
            took = time.perf_counter() - began
            spent = cpu_seconds(self.pids()) - before
        ordered = sorted(times)
        result = Measured(
            name,
            spent * 1000 / rounds,
            statistics.median(ordered),
            ordered[int(len(ordered) * 0.95) - 1],
            rounds / took,
            errors,
        )
        self.results.append(result)
        return result

    async def run(self) -> None:
        rounds = self.options.rounds
        call, slug = "A call under load", self.slug

        async def call_page(client: httpx.AsyncClient, _n: int) -> bool:
            answer = await client.get(
                f"/calls/{slug}", headers={"accept": "text/html", "accept-language": "en"}
            )
            return answer.status_code == 200 and call in answer.text

        def page_for(signed: Signed, path: str) -> Callable[[httpx.AsyncClient, int], Awaitable[bool]]:
            async def get(client: httpx.AsyncClient, _n: int) -> bool:
                return (await client.get(path, headers=signed.headers)).status_code == 200

            return get

        async def save_review(client: httpx.AsyncClient, n: int) -> bool:
            assignment = self.open[n % len(self.open)]
            fields = {f"score:{code}": str(1 + n % 5) for code, _w in CRITERIA}
            fields |= {"remark:applicant": f"Round {n}. " + "word " * 50}
            fields |= {
                f"version:{name}": str(n // len(self.open)) for name in (*dict(CRITERIA), "remark:applicant")
            }
            answer = await client.post(
                f"/reviews/{assignment}/scores",
                data=fields,
                headers={**self.reviewer.headers, "accept": "application/json"},
            )
            return answer.status_code in (200, 409)

        async def submit_flow(client: httpx.AsyncClient, n: int) -> bool:
            headers = self.applicants[n % len(self.applicants)].headers
            begun = await client.post(f"/calls/{slug}/apply", data={"language": "en"}, headers=headers)
            place = begun.headers.get("location", "")
            proposal = place.split("/")[2] if place.startswith("/proposals/") else ""
            if not proposal:
                return False
            fields = {"title": "A title", "version:title": "0", "_asked": "title"}
            answers = {f"question-{q}": "word " * 60 for q in range(1, 10)}
            data: dict[str, Any] = {
                **fields,
                **answers,
                **{f"version:question-{q}": "0" for q in range(1, 10)},
            }
            data["_asked"] = ["title", *answers]
            saved = await client.post(
                f"/proposals/{proposal}/answers", data=data, headers={**headers, "accept": "application/json"}
            )
            shown = await client.get(f"/proposals/{proposal}/preview", headers=headers)
            sent = await client.post(f"/proposals/{proposal}/submission", headers=headers)
            return (saved.status_code, shown.status_code, sent.status_code) == (200, 200, 303)

        await self.measure("call page", call_page, rounds * 2)
        await self.measure("submit flow, 10 answers", submit_flow, max(rounds // 4, 20))
        await self.measure("reviewer's list", page_for(self.reviewer, "/reviews"), rounds)
        await self.measure("review page", page_for(self.reviewer, f"/reviews/{self.open[0]}"), rounds)
        await self.measure("save a review", save_review, rounds)
        await self.measure(
            "organizer's list, 50 rows", page_for(self.manager, f"/desk/calls/{slug}/proposals"), rounds
        )
        await self.measure(
            "ranking, all rows", page_for(self.manager, f"/desk/calls/{slug}/ranking"), max(rounds // 20, 5)
        )
        await self.measure("16 writers at once", submit_flow, max(rounds // 4, 40), at_once=16)
        async with self.database.reading() as db:
            self.sent = len(
                (await db.exec(select(Proposal.id).where(Proposal.state == ProposalState.SUBMITTED))).all()
            )
        await self.database.close()


def show(title: str, results: list[Measured]) -> None:
    print(f"\n{title}")
    print(
        f"{'operation':28} {'CPU ms':>8} {'budget':>7} {'ratio':>6} {'p50 ms':>8} {'p95 ms':>8} {'per s':>7} {'errors':>6}"
    )
    for one in results:
        budget = BUDGET.get(one.name)
        ratio = f"{one.cpu_ms / budget:6.2f}" if budget else f"{'':6}"
        print(
            f"{one.name:28} {one.cpu_ms:8.2f} {budget or '':>7} {ratio} {one.p50_ms:8.1f} {one.p95_ms:8.1f} "
            f"{one.per_second:7.1f} {one.errors:6}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proposals", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="challenge-bench-") as folder:
        var = Path(folder)
        os.environ.update(CHALLENGE_VAR_DIR=folder, CHALLENGE_STORAGE_URL=f"folder:{folder}/files")
        settings.cache_clear()
        settings().key()
        if options.only != "postgres":
            run_one("SQLite, one process", f"sqlite:///{var}/bench.db", var, options, None)
        if options.only != "sqlite":
            with servers.Postgres() as server:
                url = servers.fresh_postgres_database(server.url)
                run_one("PostgreSQL, one process, database included", url, var, options, server.pid)
    return 0


def run_one(title: str, url: str, var: Path, options: argparse.Namespace, database_pid: int | None) -> None:
    bench = Bench(url, var, options, database_pid)
    asyncio.run(bench.prepare())
    bench.start()
    try:
        asyncio.run(bench.run())
    finally:
        bench.stop()
    show(title, bench.results)


if __name__ == "__main__":
    sys.exit(main())
