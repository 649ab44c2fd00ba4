"""The browser counts words as the server does."""

import json
from pathlib import Path

from tests.journeys.browsing import Site, Visitors

CASES = json.loads((Path(__file__).parents[1] / "forms" / "word_counts.json").read_text("utf-8"))


async def test_the_browser_counts_as_the_server(site: Site, visitors: Visitors) -> None:
    async with visitors.visiting(site) as (_context, page, heard):
        await page.goto("/help")
        counted = await page.evaluate(
            "async (texts) => { const { countWords } = await import('/static/js/limit.js'); return texts.map(countWords); }",
            [case["text"] for case in CASES],
        )
        assert counted == [case["words"] for case in CASES]
        assert heard.words == []
