"""Children looked after, schools and settings, workforce."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from kentstats.charts import bars, drawing
from kentstats.report.blocks import Block, figure, table
from kentstats.report.claims import Claim, claim, fact_claim
from kentstats.report.context import Edition, of_report
from kentstats.report.sentences import say
from kentstats.schemas import records

ASYLUM, OTHERS = "Seeking asylum on their own", "All others"


@of_report
def looked_after(edition: Edition) -> Block:
    """Draw who is looked after and who lives where."""
    import pandas as pd

    rows, claims = [], list[Claim]()
    for name, part, rest, whole in _composition(edition):
        *lines, last = textwrap.wrap(name, 20)
        # a short name has its number below it, a long one beside its last line
        lines += [f"{last} ({whole.shown})"] if lines else [last, f"({whole.shown})"]
        label = "\n".join(lines)
        for kind, made in ((ASYLUM, part), (OTHERS, rest)):
            share = 100 * float(made.value) / float(whole.value)
            rows.append((label, kind, share, made.shown))
        claims += [part, rest, whole]
    data = pd.DataFrame(rows, columns=["whole", "part", "share", "label"])
    part, whole = edition.claim("looked-after", "uasc"), edition.claim("looked-after")
    title = say(
        "{part} of {whole} looked after children sought asylum on their own", part=part, whole=whole
    )
    first = edition.rows("looked-after")[0]
    period = claim(first["period"], [first], unit="label")
    drawn = drawing.add_titles(
        bars.composition_bars(data, ax=drawing.new_axes()),
        title=title.plain,
        subtitle=say(
            "Number of children, {authority}, {period}; placements at the time of the inspection",
            authority=edition.authority,
            period=period,
        ).plain,
        source=edition.credit,
        left=1.75,
    )
    alt = say("Stacked bars of looked after children by kind and placement. {title}.", title=title)
    caption = say(
        "Every bar is drawn to the same length, so that shares can be compared; the labels are "
        "numbers of children."
    )
    return figure(drawn, caption=caption, alt=alt, label="looked-after", claims=[*claims, period])


@of_report
def looked_after_table(edition: Edition) -> Block:
    """Set the numbers of the chart of who is looked after and who lives where."""
    return table(
        ["Group", ASYLUM, OTHERS, "Together"],
        _composition(edition),
        caption=say("Looked after children by kind and placement, in numbers"),
        label="composition",
        widths=[40, 25, 17, 18],
        right=[ASYLUM, OTHERS, "Together"],
    )


def _composition(edition: Edition) -> list[tuple[str, Claim, Claim, Claim]]:
    """List groups with those seeking asylum, all others, and both together."""
    groups = (
        ("All looked after", "looked-after"),
        ("In children’s homes", "placed-childrens-homes"),
        ("With independent fostering agencies", "placed-independent-fostering"),
    )
    made = []
    for name, indicator in groups:
        parents = [*edition.rows(indicator, "uasc"), *edition.rows(indicator)]
        part, whole = (fact_claim(parent) for parent in parents)
        rest = claim(
            parents[1]["value"] - parents[0]["value"],
            parents,
            unit="count",
            calculation="all less those seeking asylum on their own",
        )
        made.append((name, part, rest, whole))
    return made


ESTATE = (
    ("early-education-settings", "all", "Early education settings"),
    ("schools", "primary", "Primary schools"),
    ("childrens-centres", "all", "Children’s centres"),
    ("schools", "secondary", "Secondary schools"),
    ("schools-with-special-units", "all", "Schools with a special unit"),
    ("special-schools", "all", "Special schools"),
    ("academies", "all", "Academies"),
    ("pupil-referral-units", "all", "Pupil referral units"),
    ("colleges", "all", "Colleges"),
    ("maintained-nurseries", "all", "Maintained nurseries"),
)


@of_report
def estate(edition: Edition) -> Block:
    """Draw the nurseries, schools and colleges by kind."""
    import pandas as pd

    kinds = [kind for kind in ESTATE if edition.has(*kind[:2])]
    claims = [edition.claim(indicator, group) for indicator, group, _ in kinds]
    data = pd.DataFrame(
        {
            "name": [name for _, _, name in kinds],
            "value": [made.value for made in claims],
            "label": [made.shown for made in claims],
        }
    )
    title = say(
        "{primary} primary and {secondary} secondary schools, {special} special schools",
        primary=edition.claim("schools", "primary"),
        secondary=edition.claim("schools", "secondary"),
        special=edition.claim("special-schools"),
    )
    drawn = drawing.add_titles(
        bars.count_bars(data, ax=drawing.new_axes()),
        title=title.plain,
        subtitle=say("Number of settings by kind, {authority}", authority=edition.authority).plain,
        source=edition.credit,
        left=2.1,
    )
    alt = say("Bar chart of settings by kind. {title}.", title=title)
    caption = say(
        "Kinds overlap: schools with a special unit are counted among the schools as well."
    )
    return figure(drawn, caption=caption, alt=alt, label="estate", claims=claims)


@of_report
def workforce(edition: Edition) -> Block:
    """Draw the vacancies as squares out of a hundred."""
    vacancy = edition.claim("social-worker-vacancy")
    title = say("{vacancy} of social worker posts were vacant", vacancy=vacancy)
    drawn = drawing.add_titles(
        bars.waffle(float(vacancy.value), ax=drawing.new_axes()),
        title=title.plain,
        subtitle=say(
            "Each square is one post in a hundred; {authority}, at the time of the inspection",
            authority=edition.authority,
        ).plain,
        source=edition.credit,
        left=0.1,
    )
    alt = say("Grid of a hundred squares, those of vacant posts marked. {title}.", title=title)
    caption = say("Marked squares are vacant posts. The report does not give the number of posts.")
    return figure(drawn, caption=caption, alt=alt, label="workforce", claims=[vacancy])


LOOKED_AFTER = (
    "looked-after",
    "placed-childrens-homes",
    "placed-independent-fostering",
    "placed-in-kent-by-others",
    "foster-carers",
    "specialist-fostering-schemes",
    "health-assessments",
    "immunisations",
    "dental-checks",
    "fixed-term-exclusion",
    "permanent-exclusions",
    "special-educational-needs",
    "care-leavers-eet",
    "care-leavers-neet",
)
EDUCATION = (
    "maintained-nurseries",
    "early-education-settings",
    "childrens-centres",
    "schools",
    "academies",
    "special-schools",
    "schools-with-special-units",
    "pupil-referral-units",
    "sixth-forms",
    "sixth-form-pupils",
    "colleges",
)
WORKFORCE = (
    "social-worker-vacancy",
    "social-workers-recruited",
    "social-work-posts-filled",
    "contact-centre-qualified-staff",
    "duty-access-points",
    "contacts-and-referrals",
    "contacts-returned",
    "recording-systems",
    "investment",
)


@of_report
def figures(edition: Edition, indicators: Sequence[str], *, caption: str, label: str) -> Block:
    """Set the authority's figures of some indicators as a table.

    Parameters
    ----------
    edition : Edition
        The tables.
    indicators : sequence of str
        Keys of the catalogue, in order; those without a figure are left out.
    caption, label : str
        Of the table.

    Returns
    -------
    Block
    """
    ours = edition.facts[edition.facts["area_name"].eq(edition.authority)]
    rows = [
        (fact["description"], fact_claim(fact), fact["period"], fact["locator"])
        for indicator in indicators
        for fact in records(ours[ours["indicator"].eq(indicator)])
    ]
    return table(
        ["What", "Figure", "When", "Place"],
        rows,
        caption=say(caption),
        label=label,
        widths=[46, 18, 20, 16],
    )
