"""Official statistics checked against themselves: one row a check, with its arithmetic."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner

from kentstats import load_facts
from kentstats.cli import main
from kentstats.stats.consistency import CHECKS
from kentstats.stats.edition_checks import check_edition


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    return load_facts(edition=2025, kind="official")


@pytest.fixture(scope="module")
def checks(facts: pd.DataFrame) -> pd.DataFrame:
    return check_edition(facts)


def found(checks: pd.DataFrame, check: str, subject: str) -> pd.Series:
    rows = checks[checks["check"].eq(check) & checks["subject"].eq(subject)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_the_columns_are_those_of_every_check(checks: pd.DataFrame) -> None:
    assert list(checks.columns) == list(CHECKS)
    assert set(checks["result"]) <= {"agrees", "disagrees", "cannot tell"}


def test_what_the_statistics_say_twice_and_differently_is_named(checks: pd.DataFrame) -> None:
    # regional rates of some years leave out authorities whose numbers are in the count
    differing = checks[checks["result"].eq("disagrees")]
    assert dict(zip(differing["subject"], differing["message"], strict=True)) == {
        "Agency social workers": (
            "5 of 799 figures are not those of their numbers, the first for London, 2023."
        ),
        "Second or later plan": (
            "2 of 802 figures are not those of their numbers, the first for Yorkshire and The "
            "Humber, 2022."
        ),
        "Social workers who left": (
            "4 of 803 figures are not those of their numbers, the first for North East, 2022."
        ),
    }
    assert set(differing["check"]) == {"figure and its two numbers"}
    assert found(differing, "figure and its two numbers", "Second or later plan")[
        "arithmetic"
    ].startswith("1660 / 7490 × 100 = 22.16, published 23.6")


def test_authorities_add_up_to_england_or_it_says_why_it_cannot_tell(checks: pd.DataFrame) -> None:
    health = found(checks, "authorities and England", "Health assessments")
    assert health["result"] == "cannot tell"
    assert health["message"] == "No count for City of London, so the sum cannot be told."
    referred = found(checks, "authorities and England", "Referred again within a year")
    assert (referred["result"], referred["message"]) == (
        "agrees",
        "The authorities add up to England.",
    )


def altered(facts: pd.DataFrame, area: str, column: str, value: float) -> pd.DataFrame:
    changed = facts[facts["indicator"].eq("re-referrals")].copy()
    row = changed["area_name"].eq(area) & changed["period"].eq("2025")
    changed.loc[row, column] = value
    return changed


def test_one_percentage_altered_makes_its_check_disagree(facts: pd.DataFrame) -> None:
    checks = check_edition(altered(facts, "Essex", "value", 16.4))
    row = found(checks, "figure and its two numbers", "Referred again within a year")
    assert row["result"] == "disagrees"
    assert row["arithmetic"] == "881 / 5705 × 100 = 15.44, published 16.4"
    assert row["message"].endswith("the first for Essex, 2025.")
    assert row["fact_ids"] == "2025.cin-referrals.re-referrals.all.2025.E10000012"


@pytest.mark.parametrize(
    ("count", "message"),
    [(9881, "The authorities add up to more than England."),
     (81, "The authorities add up to less than England.")],
)  # fmt: skip
def test_one_count_altered_makes_the_sum_disagree(
    facts: pd.DataFrame, count: float, message: str
) -> None:
    checks = check_edition(altered(facts, "Essex", "numerator", count))
    row = found(checks, "authorities and England", "Referred again within a year")
    assert (row["result"], row["message"]) == ("disagrees", message)


def test_rounding_of_both_is_no_disagreement(facts: pd.DataFrame) -> None:
    kent = facts[facts["indicator"].eq("health-assessments") & facts["period"].eq("2025")]
    row = found(check_edition(kent), "figure and its two numbers", "Health assessments")
    assert row["result"] == "agrees"
    assert row["message"].startswith("All ")


def test_the_command_checks_statistics_where_there_is_no_report() -> None:
    done = CliRunner().invoke(main, ["check", "--edition", "2025", "--format", "csv"])
    assert done.exit_code == 0
    assert "official-2025" in done.output
    assert CliRunner().invoke(main, ["check", "--edition", "2025", "--strict"]).exit_code == 1
    both = CliRunner().invoke(main, ["check", "--edition", "2010", "--kind", "all"])
    assert "Children feel safe" in both.output
    assert "108 checks" in both.output
