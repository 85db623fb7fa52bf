"""`diemcau import` as a person runs it."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from core.database import Database


async def run(database: Database, folder: Path, *arguments: str) -> tuple[int | None, str, str]:
    """The command's exit code and what it said."""
    environment = {**os.environ, "DIEMCAU_DATABASE_URL": database.url, "DIEMCAU_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "diemcau", "import", *arguments]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)
    said, wrong = await process.communicate()
    return process.returncode, said.decode(), wrong.decode()


async def test_the_nation_is_one_command_and_the_second_time_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    code, said, _ = await run(database, tmp_path, "nation")
    assert (code, "units +3356 ~0, points +3321 ~0" in said) == (0, True), said
    again, said, _ = await run(database, tmp_path, "nation")
    assert (again, "units +0 ~0, points +0 ~0" in said) == (0, True), said
    assert await database.pool.fetchval("SELECT count(*) FROM unit WHERE kind = 'province'") == 34
    assert await database.pool.fetchval("SELECT count(*) FROM bridge_point") == 3_321


async def test_a_dry_run_lists_every_problem_by_row_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "halls.csv"
    bad = "".join(f"P {n},Hội trường,W\n" for n in range(300))
    file.write_text("code,name,unit,unit_name,unit_kind\n,,W,Phường,commune\n" + bad, encoding="utf-8")
    code, said, wrong = await run(database, tmp_path, str(file), "--dry-run")
    assert code == 1
    assert "300 problems" in said
    assert [line.split(",")[0] for line in wrong.splitlines()] == [f"row {n}" for n in range(3, 303)]
    assert await database.pool.fetchval("SELECT count(*) FROM unit") == 0
