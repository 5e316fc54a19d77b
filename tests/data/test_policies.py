"""The county's policy: the shipped one is whole, and a broken one is refused with all its faults at once."""

import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from data.cells import header
from data.checked_toml import DocumentError
from data.policies import SHIPPED, Policy, load
from dispatch.cards import LEVELS, needs

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped policy to spoil."""
    return shutil.copytree(SHIPPED, tmp_path / "policy")


def spoil(path: Path, old: str, new: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")


def faults(folder: Path) -> set[tuple[str, str]]:
    with pytest.raises(DocumentError) as error:
        load(folder)
    return {(fault.file, fault.key) for fault in error.value.faults}


def test_every_word_stands_in_both_languages(policy: Policy) -> None:
    """A page in either language never falls back to a code."""
    for group, terms in policy.vocabulary.items():
        for code, term in terms.items():
            assert set(term.words) == {"zh", "en"}, (group, code)
            assert all(term.words.values()), (group, code)


def test_no_two_codes_of_a_group_share_a_word(policy: Policy) -> None:
    """An import would silently take the one for the other."""
    for group, terms in policy.vocabulary.items():
        if group in {"problems", "remedies"}:
            continue
        owners: dict[str, str] = {}
        for term in terms.values():
            for word in {header(word) for word in (term.code, *term.words.values(), *term.aka)}:
                assert owners.setdefault(word, term.code) == term.code, (group, word)


def test_the_models_own_codes_have_words(policy: Policy) -> None:
    """What the planner and the store may answer can be said."""
    assert set(policy.levels) == set(LEVELS)
    assert set(policy.vocabulary["need_kinds"]) == {"capability", "vehicle", "material"}
    assert {"available", "committed", "off_duty", "resting", "stale", "unavailable"} <= set(
        policy.vocabulary["team_status"]
    )
    assert {"truck", "pickup", "farm_truck"} <= {
        code for code, kind in policy.vehicle_kinds.items() if kind.carrier
    }


def _codes_in_source() -> Iterator[tuple[str, str]]:
    """Every (problem, remedy) pair that the importing modules name."""
    for name in (
        *("cells", "measures", "quarantine", "sources", "columns", "positions", "ledgers", "row_values"),
        *("imports", "previews", "differing"),
    ):
        content = (ROOT / "data" / f"{name}.py").read_text(encoding="utf-8")
        yield from re.findall(r'"([a-z_0-9]+)",\s*(?:remedy=)?"([a-z_]+)"', content)


def test_every_problem_that_an_import_can_name_has_words(policy: Policy) -> None:
    """A problem without words would be shown as a code to somebody who cannot read code."""
    named = {
        pair
        for pair in _codes_in_source()
        if pair[0] in policy.vocabulary["problems"] or pair[1] in policy.vocabulary["remedies"]
    }
    assert {problem for problem, _ in named} == set(policy.vocabulary["problems"])
    assert {remedy for _, remedy in named} == set(policy.vocabulary["remedies"])


def test_a_loaded_policy_cannot_be_changed(policy: Policy) -> None:
    """It is shared by all requests of a process."""
    with pytest.raises(FrozenInstanceError):
        policy.items = {}  # type: ignore[misc]  # the point of the test
    with pytest.raises(TypeError):
        policy.layers["x"] = policy.layers["teams"]  # type: ignore[index]  # the point of the test


def test_hours_only_slow_down_and_coal_trucks_have_peaks(policy: Policy) -> None:
    """Free flow is the fastest there is; trunk roads are slowest when the pits change shift."""
    assert all(factor >= 100 for factors in policy.hour_factors.values() for factor in factors)
    trunk = policy.hour_factors["trunk"]
    assert max(trunk[6:10]) > 1.5 * min(trunk)
    assert max(trunk[15:19]) > 1.5 * min(trunk)


def test_all_faults_are_named_at_once_with_file_and_key(folder: Path) -> None:
    """Whoever edits a policy corrects it in one round."""
    spoil(folder / "cards/landslide.toml", 'capability = "medical"', 'capability = "magic"')
    spoil(folder / "cards/flood.toml", "quantities = [100, 60, 30, 12]", "quantities = [10, 60, 30, 12]")
    spoil(folder / "layers/shelters.toml", 'group = "shelter_classes"', 'group = "no_such_group"')
    spoil(folder / "layers/teams.toml", 'type = "capabilities"', 'type = "spell"')
    spoil(folder / "readiness.toml", "notify_min = 2", "notify_minutes = 2")
    spoil(folder / "cover.toml", "heads = 4", 'heads = "four"')
    spoil(folder / "hours.toml", "residential  = [100,", "residential  = [99,")
    spoil(folder / "grids.toml", 'mark = "S"', 'mark = "D"')
    spoil(folder / "grids.toml", 'area = "village"', 'area = "hamlet"')
    (folder / "deadlines.toml").write_text("[reports", encoding="utf-8")
    assert faults(folder) >= {
        ("cards/landslide.toml", "needs"),
        ("cards/flood.toml", "needs[1]"),
        ("layers/shelters.toml", "fields.class"),
        ("layers/teams.toml", "fields.capabilities.type"),
        ("readiness.toml", "teams.full_time.notify_min"),
        ("readiness.toml", "teams.full_time.notify_minutes"),
        ("cover.toml", "rules[1].heads"),
        ("hours.toml", "residential"),
        ("grids.toml", "themes.safety.mark"),
        ("grids.toml", "levels.4.area"),
        ("deadlines.toml", ""),
    }


@pytest.mark.parametrize(
    "name", sorted(path.relative_to(SHIPPED).as_posix() for path in SHIPPED.glob("*.toml"))
)
def test_a_missing_file_is_a_fault(folder: Path, name: str) -> None:
    """A policy without its clocks is no policy."""
    (folder / name).unlink()
    assert (name, "") in faults(folder)


def test_a_misspelt_key_is_not_silently_ignored(folder: Path) -> None:
    """A default that nobody chose would look like a decision."""
    spoil(folder / "cards/landslide.toml", "min_strength = 8", "min_strenght = 8")
    assert ("cards/landslide.toml", "needs[1].min_strenght") in faults(folder)


def test_an_incident_type_is_one_file(folder: Path) -> None:
    """Adding a card adds the type: its words, its needs, its zone."""
    (folder / "cards/dust_explosion.toml").write_text(
        """
        name = { zh = "粉尘爆炸", en = "Dust explosion" }
        headquarters = { zh = "县安全生产指挥部", en = "County work-safety headquarters" }
        lead_office = { zh = "县应急管理局", en = "County emergency-management bureau" }
        legend = { colour = "#333333", symbol = "blast" }
        default_level = 3
        reports = ["accident_unit"]
        [hazard]
        shape = "circle"
        radius_m = 150
        [[needs]]
        capability = "fire_building"
        quantities = [40, 20, 10, 5]
        """,
        encoding="utf-8",
    )
    policy = load(folder)
    kind = policy.incident_types["dust_explosion"]
    assert policy.word("incident_types", "dust_explosion", "zh") == "粉尘爆炸"
    assert policy.hazard_rules["dust_explosion"].radius_m == 150
    assert [need.quantity for need in needs(kind.card, 2)] == [20]


def test_the_shipped_files_are_read_to_the_last_key() -> None:
    """Nothing stands in a policy file that has no effect: the count of needs in the files is that in the cards."""
    written = sum(
        len(tomllib.loads(path.read_text(encoding="utf-8"))["needs"]) for path in SHIPPED.glob("cards/*.toml")
    )
    assert written == sum(len(kind.card.lines) for kind in load().incident_types.values())


def test_a_word_that_is_missing_is_its_code(policy: Policy) -> None:
    """A page never fails for a word."""
    assert policy.word("items", "warp_drive", "en") == "warp_drive"
