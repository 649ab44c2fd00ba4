"""`challenge ranking compute DIR`: who comes first and how sure that is, from CSV files to a CSV file. No database."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from challenge.accounts.commanding import Answer, progress, tell, whole_number
from challenge.foundation.i18n import speaking
from challenge.foundation.sheets import guarded
from challenge.foundation.tables import refuse_place, whole_file

if TYPE_CHECKING:
    from challenge.scoring.folders import Sheet
    from challenge.scoring.ranking import Row
    from challenge.scoring.standings import Model, Standings

FILES = """DIR holds scores.csv (proposal,reviewer,criterion,score[,group,panel]; an empty score is a missing one,
"not-applicable" one that was not asked) and criteria.csv (criterion,weight[,min,max,step,threshold]; without max the
scores count in their own unit, min is 0 unless given). With --rubric the rubric says it all, and proposals.csv
(proposal[,track,country,amount,currency,excluded] and a column per tie-break and per quota; several values are separated
by semicolons) says what tie-breaks, money and quotas look at."""
HEAD = ("proposal", "rank", "estimate", "rank_lo", "rank_hi", "p_top", "raw", "raw_rank", "status", "reason")
SHOWN = 10


def add(verbs: Any) -> None:
    verb = verbs.add_parser(
        "compute",
        help="a ranking from CSV files, with what reviewers' strictness does to it",
        description=FILES,
    )
    verb.add_argument("folder", type=Path, metavar="DIR", help="the folder with the CSV files")
    verb.add_argument("--out", type=Path, required=True, metavar="FILE", help="the ranking, as CSV")
    verb.add_argument("--method", choices=("raw", "calibrated"), default="calibrated",
                      help="raw: scores as given; calibrated (the default): strictness taken out where the data show it")  # fmt: skip
    verb.add_argument(
        "--top", type=whole_number, metavar="M", help="how many are wanted; p_top and the line look at it"
    )
    verb.add_argument("--rubric", default="", metavar="FILE",
                      help="a rubric, or a call file with one (FILE#CODE where it has several)")  # fmt: skip
    verb.add_argument("--explain", default="", metavar="PROPOSAL", help="say how one proposal got its place")
    verb.add_argument("--seed", default="", metavar="TEXT",
                      help="for draws and lots; by default the digest of the scores, and no lot of the rubric is drawn")  # fmt: skip
    verb.add_argument("--json", action="store_true", help="print the data as JSON")
    verb.set_defaults(run=lambda options: tell(compute(options), options))


def compute(options: argparse.Namespace) -> Answer:
    from challenge.scoring import folders, standings  # numpy costs start-up: only who computes pays

    began = time.monotonic()
    say = progress(began)
    refuse_place("the ranking", options.out)
    sheet = folders.read(options.folder, rubric_file=options.rubric, say=say)
    if options.explain and all(entry.key != options.explain for entry in sheet.entries):
        raise ValueError(f"There is no proposal {options.explain} in {options.folder}.")
    found = standings.compute(
        sheet, calibrated=options.method == "calibrated", top=options.top, seed=options.seed, say=say
    )
    with speaking("en"):
        rows = _rows(found)
        _write(options.out, rows)
        data = _data(sheet, found, rows, options.method)
        if options.explain:
            data["explanation"] = _explained(found, options.explain)
    data["seconds"] = round(time.monotonic() - began, 3)
    return Answer("\n".join(_words(data)), data)


# ---------- the file ----------


def _rows(found: "Standings") -> list[dict[str, Any]]:
    from challenge.scoring.explanation import explain_excluded, reason

    raw = {row.key: row for row in found.raw.rows}
    at = {key: n for n, key in enumerate(found.ranked)}
    rows = []
    for row in found.result.rows:
        n = at.get(row.key)
        estimate = found.estimate.get(row.key)
        rows.append({
            "proposal": row.key, "rank": row.place,
            "estimate": None if estimate is None else round(estimate, 6),
            "rank_lo": None if n is None else int(found.places.low[n]),
            "rank_hi": None if n is None else int(found.places.high[n]),
            "p_top": None if n is None else round(float(found.places.p_top[n]), 4),
            "raw": raw[row.key].ranking_score, "raw_rank": raw[row.key].place,
            "status": row.status, "reason": " ".join([str(reason(row)), *_at_the_line(found, n)]),
        })  # fmt: skip
    rows += [
        {
            **dict.fromkeys(HEAD),
            "proposal": one.key,
            "status": one.status,
            "reason": str(explain_excluded(one)),
        }
        for one in found.result.excluded
    ]
    return rows


def _at_the_line(found: "Standings", n: int | None) -> list[str]:
    if n is None:
        return []
    if not found.is_sure:
        return ["How sure this place is cannot be computed, so the interval holds all places."]
    if found.line is None or n not in found.line.between:
        return []
    return [f"Its interval reaches over the line after place {found.line.top}."]


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with whole_file(path) as out:
        out.writerow(HEAD)
        out.writerows([guarded(row[name]) for name in HEAD] for row in rows)


# ---------- the data ----------


def _data(sheet: "Sheet", found: "Standings", rows: list[dict[str, Any]], method: str) -> dict[str, Any]:
    from challenge.scoring.uncertainty import SEPARABLE

    named = found.ranked
    at = {key: n for n, key in enumerate(named)}
    lacks = [*sheet.lacks]
    if not found.is_sure and found.ranked:
        lacks.append("How sure a place is cannot be computed; every interval holds all places.")
    if found.best is not None and not found.best.is_possible:
        lacks.append("No set keeps these rules together: "
                     + "; ".join(f"{rule.code} ({rule.says})" for rule in found.best.contradiction) + ".")  # fmt: skip
    return {
        "method": method,
        "calibrated": found.is_on,
        "partial": bool(lacks),
        "lacks": lacks,
        "notes": [*sheet.notes, *found.notes],
        "unit": "points" if sheet.rubric.aggregation.overall == "sum" else "per cent" if sheet.has_scale else "score",
        "top": found.top,
        "level": found.places.level,
        "seed": found.lot_seed,
        "draws": found.draws,
        "proposals": [{**row, **_place(found, at.get(row["proposal"]))} for row in rows],
        "models": [_model(model) for model in found.models],
        "neighbours": [
            {"better": named[n], "worse": named[n + 1], "probability": round(float(p), 4), "separable": bool(p >= SEPARABLE)}
            for n, p in enumerate(found.neighbours)
        ],
        "line": _line(found),
        "bestSet": _best(found),
        "selection": None if found.result.chosen is None else {
            "count": found.result.chosen.count, "amount": found.result.chosen.amount,
            "currency": found.result.chosen.currency,
            "quotas": [
                {"code": one.code, "value": one.value, "count": one.count, "amount": one.amount, "met": one.is_met}
                for one in found.result.chosen.quotas
            ],
        },
    }  # fmt: skip


def _place(found: "Standings", n: int | None) -> dict[str, Any]:
    if n is None:
        return {"expectedRank": None, "pFirst": None}
    return {
        "expectedRank": round(float(found.places.expected[n]), 3),
        "pFirst": round(float(found.places.p_first[n]), 4),
    }


def _model(model: "Model") -> dict[str, Any]:
    calibration, doubts = model.calibration, model.doubts
    variances, reviews = calibration.fit.variances, calibration.reviews
    return {
        "group": model.group,
        "share": model.share,
        "calibrated": calibration.is_on,
        "scaled": calibration.has_scale,
        "gates": [
            {"name": gate.name, "open": gate.is_open, "value": round(gate.value, 4), "asked": gate.asked, "says": gate.says}
            for gate in calibration.gates
        ],
        "variances": {
            "proposal": round(variances.proposal, 6), "reviewer": round(variances.reviewer, 6),
            "rest": round(variances.rest, 6), "reliability": round(variances.reliability, 4),
        },
        "reviewers": [
            {
                "reviewer": name, "reviews": one.reviews, "leniency": round(one.leniency, 4),
                "low": _rounded(one.low), "high": _rounded(one.high), "scale": round(one.scale, 4),
                "varianceRatio": _rounded(one.variance_ratio), "agreement": _rounded(one.agreement),
                "careless": one.careless,
            }
            for name, one in zip(model.reviewers, model.people, strict=True)
        ],
        "oddReviews": [
            {
                "proposal": model.proposals[reviews.proposal[n]], "reviewer": model.reviewers[reviews.reviewer[n]],
                "deviations": round(float(doubts.standardised[n]), 2),
            }
            for n in doubts.odd.nonzero()[0]
        ],
        "disputed": [model.proposals[n] for n in doubts.wide.nonzero()[0]],
    }  # fmt: skip


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def _line(found: "Standings") -> dict[str, Any] | None:
    if found.line is None:
        return None
    from challenge.scoring.uncertainty import lot_number

    names, line = found.ranked, found.line
    return {
        "top": line.top,
        "above": [names[n] for n in line.above],
        "between": [names[n] for n in line.between],
        "below": [names[n] for n in line.below],
        "places": line.places,
        "lotSeed": line.lot_seed,
        "lot": [
            {"proposal": names[n], "number": lot_number(line.lot_seed, names[n]), "in": turn < line.places}
            for turn, n in enumerate(line.lot)
        ],
        "topUp": found.top_up,
    }


def _best(found: "Standings") -> dict[str, Any] | None:
    if found.best is None:
        return None
    best = found.best
    return {
        "possible": best.is_possible,
        "proved": best.is_proved,
        "chosen": [found.ranked[n] for n in best.chosen.nonzero()[0]],
        "total": round(best.total, 6),
        "prices": [
            {"rule": one.rule.code, "says": one.rule.says, "price": _rounded(one.price)}
            for one in best.prices
        ],
        "contradiction": [{"rule": rule.code, "says": rule.says} for rule in best.contradiction],
    }


# ---------- words ----------


def _explained(found: "Standings", key: str) -> list[str]:
    from challenge.scoring.explanation import explain, explain_excluded

    row = found.result.row(key)
    if row is None:
        return [str(explain_excluded(one)) for one in found.result.excluded if one.key == key]
    said = [str(sentence) for sentence in explain(row)]
    if found.is_on and row.ranking_score is not None:
        said += _corrected(found, row)
    n = found.ranked.index(key) if key in found.ranked else None
    if n is not None and found.is_sure:
        said.append(
            f"With 90 % probability its place is from {found.places.low[n]} to {found.places.high[n]}; "
            f"it is among the best {found.top} with {100 * found.places.p_top[n]:.0f} %."
        )
    return [*said, *_at_the_line(found, n)]


def _corrected(found: "Standings", row: "Row") -> list[str]:
    raw = found.raw.row(row.key)
    estimate = found.estimate[row.key]
    said = [f"Raw {float(row.ranking_score or 0):.2f}"
            f"{f' (place {raw.place})' if raw and raw.place else ''}, calibrated {estimate:.2f}."]  # fmt: skip
    for model in found.models:
        if row.key not in model.proposals:
            continue
        reviews = model.calibration.reviews
        mine = reviews.reviewer[reviews.proposal == model.proposals.index(row.key)]
        for r in mine.tolist():
            one = model.people[r]
            if one.low is not None and one.high is not None and (one.low > 0 or one.high < 0):
                how = "above" if one.leniency > 0 else "below"
                said.append(f"Reviewer {model.reviewers[r]} scores {abs(one.leniency):.2f} {how} the others "
                            f"(90 % interval {one.low:.2f} to {one.high:.2f}).")  # fmt: skip
    return said


def _words(data: dict[str, Any]) -> list[str]:
    said = [f"PARTIAL: {lack}" for lack in data["lacks"]] + data["notes"]
    ranked = [row for row in data["proposals"] if row["rank"] is not None]
    said.append(f"{len(ranked)} ranked of {len(data['proposals'])} proposals, "
                f"{'calibrated' if data['calibrated'] else 'by the scores as given'}")  # fmt: skip
    for model in data["models"]:
        of = f" ({model['group']})" if model["group"] else ""
        said += [
            f"{'yes' if gate['open'] else 'NO ':<3} {gate['name']}{of}: {gate['says']}"
            for gate in model["gates"]
        ]
        shares = model["variances"]
        said.append(f"variance{of}: proposals {shares['proposal']:.3g}, reviewers {shares['reviewer']:.3g}, "
                    f"rest {shares['rest']:.3g}; reliability of one review {shares['reliability']:.2f}")  # fmt: skip
        said += [
            f"look at reviewer {one['reviewer']}: {one['careless']}"
            for one in model["reviewers"]
            if one["careless"]
        ]
    said += [
        f"{row['rank']:>5}  {row['proposal']:<16} {row['estimate']:>10.2f}  {row['rank_lo']:>5} to {row['rank_hi']:<5} "
        f"raw {row['raw']} (place {row['raw_rank']})  {row['status']}"
        for row in ranked[:SHOWN]
    ]
    if len(ranked) > SHOWN:
        said.append(f"       and {len(ranked) - SHOWN} more (all in the file)")
    first = data["neighbours"][0] if data["neighbours"] else None
    if first and data["line"]:
        told = "is separable from" if first["separable"] else "is statistically tied with"
        said.append(f"{first['better']} {told} {first['worse']} (probability {first['probability']:.2f})")
    if data["line"]:
        line = data["line"]
        said.append(f"line after place {line['top']}: {len(line['above'])} surely above, {len(line['between'])} in between "
                    f"for {line['places']} places, {len(line['below'])} below; seed {line['lotSeed']}")  # fmt: skip
    if data["bestSet"] and data["bestSet"]["possible"]:
        best = data["bestSet"]
        said.append(
            f"best set{'' if best['proved'] else ' found in time'}: {', '.join(best['chosen'])} (total {best['total']:.2f})"
        )
        said += [
            f"  {one['rule']} ({one['says']}) costs {'an unknown amount' if one['price'] is None else format(one['price'], '.2f')}"
            for one in best["prices"]
        ]
    said += data.get("explanation", [])
    return [*said, f"{data['seconds']:.2f} seconds"]
