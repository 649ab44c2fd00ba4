"""What counts, how much at the most, and who may read what."""

import numpy as np
import pytest

from challenge.assignments.affinities import TERMS, Profile, Scored, Weights, affinities
from challenge.assignments.words import vectors, words


def scored(*arguments: object, **more: object) -> Scored:
    (found,) = affinities(*arguments, **more)  # type: ignore[arg-type]
    return found


def some(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The skills of the workers, and their Unions!", ["skill", "worker", "union"]),
        ("Les compétences des travailleurs et l'égalité", ["competence", "travailleur", "egalite"]),
        ("Las mujeres y los niños de la región", ["mujere", "nino", "region"]),
        ("العمل اللائق والمهارات في المُجتمَع", ["عمل", "لايق", "مهارات", "مجتمع"]),
        ("إدارة المدرسة", words("اداره مدرسه")),
        ("a 2030 of x9", []),
        ("", []),
    ],
)  # fmt: skip
def test_words_that_count(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_texts_are_alike_by_their_rare_words() -> None:
    mine, theirs = vectors(
        ["solar irrigation for farmers", "apprenticeships for welders"],
        ["farmers and solar pumps and irrigation", "welders, farmers", ""],
    )
    like = (mine @ theirs.T).toarray()
    assert like[0, 0] > like[0, 1] > 0
    assert like[1, 1] > like[1, 0] == 0
    assert (like[:, 2] == 0).all()
    assert vectors(["same text here"], ["same text here"])[0].shape[0] == 1
    same = vectors(["same text here"], ["same text here"])
    assert (same[0] @ same[1].T).toarray() == pytest.approx(1)


def test_each_term_is_worth_its_weight_at_most() -> None:
    full = Profile(
        "green skills for miners", some("Skills", "energy"), some("mining"), "ke", "africa", some("en")
    )
    found = scored([full], [full], {(0, 0): 1.0})
    assert found.edges.affinity == pytest.approx([1.0])
    assert found.terms[0] == pytest.approx([0.40, 0.25, 0.10, 0.10, 0.15])
    assert found.terms.sum(axis=1) == pytest.approx(found.edges.affinity)


def test_terms_by_hand() -> None:
    proposal = Profile(
        themes=some("skills", "energy"), keywords=some("Compétences", "ports"), country="ke", region="Africa"
    )
    reviewers = [
        Profile(themes=some("Skill"), keywords=some("competences"), country="KE", region="africa"),
        Profile(themes=some("care"), country="gh", region="AFRICA"),
        Profile(),
    ]
    found = scored([proposal], reviewers, {(0, 1): 0.5, (0, 2): -1.0})
    assert found.terms == pytest.approx(np.array([
        [0, 0.125, 0.05, 0.10, 0], [0, 0, 0, 0.05, 0.075], [0, 0, 0, 0, -0.15],
    ], dtype=np.float32))  # fmt: skip


def test_language_is_eligibility() -> None:
    proposals = [Profile(languages=some("fr")), Profile()]
    reviewers = [Profile(languages=some("en")), Profile(languages=some("FR", "ar")), Profile()]
    found = scored(proposals, reviewers)
    pairs = list(zip(found.edges.proposal.tolist(), found.edges.reviewer.tolist(), strict=True))
    assert pairs == [(0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_the_best_and_the_bids_are_kept_and_the_order_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    names = ["energy", "skills", "care", "ports", "water"]
    people = [Profile(themes=frozenset(rng.choice(names, 2).tolist())) for _n in range(40)]
    proposals = [Profile(themes=some("energy", "water")), Profile(themes=some("care"))]
    worst = {(0, next(n for n, one in enumerate(people) if not one.themes & {"energy", "water"})): -1.0}
    found = scored(proposals, people, worst, most=5)
    assert np.bincount(found.edges.proposal).tolist() == [6, 5]
    every = scored(proposals, people, worst)
    assert len(every.edges) == 80
    turned = scored(proposals, people[::-1])
    straight = scored(proposals, people)
    assert turned.edges.affinity[:40][::-1].tolist() == straight.edges.affinity[:40].tolist()


def test_pieces_are_one_whole() -> None:
    proposals = [Profile(f"word{n % 7} shared") for n in range(1203)]
    reviewers = [Profile(f"word{n % 7} text") for n in range(9)]
    parts = list(affinities(proposals, reviewers))
    assert [len(part.edges) for part in parts] == [4500, 4500, 1827]
    alike = parts[2].edges.take(np.array([0]))
    assert alike.proposal.tolist() == [1000]


def test_weights_are_editable_and_checked() -> None:
    assert Weights.read("text=0.2, bid=0") == Weights(text=0.2, bid=0)
    assert Weights.read("") == Weights()
    assert tuple(Weights.__dataclass_fields__) == TERMS
    for wrong in (
        "text",
        "text=x",
        "text=nan",
        "text=-1",
        "text=0.4,text=0.1",
        "size=1",
        "text=1",
        "text=0,themes=0,keywords=0,place=0,bid=0",
    ):
        with pytest.raises(ValueError, match="weight"):
            Weights.read(wrong)
    with pytest.raises(ValueError, match="bid"):
        scored([Profile()], [Profile()], {(0, 0): 2.0})


def test_nobody_and_nothing() -> None:
    assert list(affinities([], [Profile()])) == []
    assert len(scored([Profile()], []).edges) == 0


def test_themes_that_differ_in_a_number_or_a_short_word_differ() -> None:
    reviewers = [Profile(themes=some(name)) for name in ("SDG 8", "sdg-13", "AI policy", "policies: it")]
    found = scored([Profile(themes=some("SDG 13", "IT policies"))], reviewers)
    assert found.terms[:, 1] == pytest.approx([0, 0.125, 0, 0], abs=1e-6)
    assert scored([Profile(themes=some("IT skills"))], [Profile(themes=some("it skill"))]).terms[0, 1] > 0
