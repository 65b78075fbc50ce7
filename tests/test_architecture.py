"""The floors hold: contracts of imports, faces of packages, and rules that no linter knows."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway
import partners
import scopes
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (scopes, partners, gateway)


def packages() -> Iterator[str]:
    """Name every package of ours."""
    for package in PACKAGES:
        yield package.__name__
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if found.ispkg:
                yield found.name


def sources() -> Iterator[Path]:
    """Find every source file of ours."""
    for package in PACKAGES:
        yield from sorted((ROOT / package.__name__).rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """Name the modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{each.name}" for each in node.names}
    return found


def test_every_contract_of_imports_is_kept() -> None:
    """A floor that reaches up, a second place with SQL, or a second reader of values breaks the build."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert f"Contracts: {len(contracts)} kept, 0 broken." in done.stdout


@pytest.mark.parametrize(
    "module", ["gateway.store.profiles", "gateway.store.consent.deciders", "gateway.actions.opened_profile"]
)
def test_who_may_read_values_is_listed_and_short(module: str) -> None:
    """Promise P13: besides the gates only a person's own pages and their guardian's come near a value."""
    own_pages = {
        # What the consent screen shows its person, and how old they are.
        *(
            "gateway.actions.consent.screen",
            "gateway.actions.consent.deciders",
            "gateway.store.consent.deciders",
        ),
        *("gateway.actions.consent.consents", "gateway.actions.guardians.requests"),
        *("gateway.actions.accounts.profiles", "gateway.actions.authentication.sessions"),
        # Who is a child, who may answer for one, and the initials that a guardian reads before a yes.
        *(f"gateway.actions.guardians.{name}" for name in ("ages", "fitness", "proposals")),
    }
    gates = {
        *("gateway.actions.oauth.release", "gateway.store.oauth.release"),
        # What people give their contacts: promise P2.
        *(
            "gateway.actions.contacts.giving",
            "gateway.actions.contacts.views",
            "gateway.store.contacts.views",
        ),
    }
    importers = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sources()
        if module in imports_of(path)
    }
    assert importers
    assert importers <= own_pages | gates


@pytest.mark.parametrize("name", list(packages()))
def test_every_package_says_what_it_is_and_shows_what_it_lists(name: str) -> None:
    """The face of a package is its docstring and, where it has one, a sorted and true ``__all__``."""
    package = importlib.import_module(name)
    assert package.__doc__
    listed = getattr(package, "__all__", [])
    assert len(set(listed)) == len(listed)
    assert all(hasattr(package, each) for each in listed)
    ours = {each.__name__ for each in PACKAGES}
    shown = {
        key
        for key, value in vars(package).items()
        if not key.startswith("_") and str(getattr(value, "__module__", "")).partition(".")[0] in ours
    }
    assert not listed or shown <= set(listed)


def test_every_module_says_what_it_is() -> None:
    """Whoever opens a file reads first what it is for."""
    silent = [path for path in sources() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent in ([], [ROOT / "gateway" / "__main__.py"])


def test_no_module_has_an_empty_name() -> None:
    """Drawers without a noun fill up with everything."""
    empty = re.compile(r"(utils?|helpers?|managers?|services?_?impl|misc|common)$")
    assert [path for path in sources() if empty.search(path.stem)] == []


def test_who_only_computes_waits_for_nothing() -> None:
    """Protocol, consent and ledger are pure: no coroutine, no file, no network, no thread."""
    banned = {"asyncio", "socket", "pathlib", "threading", "os", "subprocess", "httpx2", "logging"}
    for room in ("oauth", "consent", "ledger", "model"):
        for path in sorted((ROOT / "gateway" / room).rglob("*.py")):
            assert not imports_of(path) & banned, path
            tree = ast.parse(path.read_text())
            assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree)), (
                path
            )


def test_a_word_that_names_nothing_is_not_in_a_function_name() -> None:
    """``process_`` and ``handle_`` say that something happens, not what."""
    for path in sources():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert not node.name.startswith(("process_", "handle_")), (path, node.name)


LONGEST_FUNCTION = 60
LONGEST_FILE = 400
LONG_FUNCTIONS = {
    f"gateway/store/migrations/versions/{name}": "one list of statements in their order, never changed again"
    for name in (
        "m0001_first.py upgrade",
        "m0001_first.py downgrade",
        "m0009_consent.py upgrade",
        "m0010_accounts.py upgrade",
        "m0018_contacts.py upgrade",
    )
}
LONG_FILES = {
    "gateway/kit/settings.py": "every setting with its words and bounds, in the order of its page",
    "gateway/web/pages/views/__init__.py": "the names of all views, and which page shows each",
    "gateway/store/migrations/versions/m0001_first.py": "the schema as it first was, never changed again",
}


def test_no_function_is_too_long_to_be_read_at_once() -> None:
    """Past 60 lines a function does two things: split it by meaning, or say above why it is one."""
    found = {
        f"{path.relative_to(ROOT).as_posix()} {node.name}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert found - set(LONG_FUNCTIONS) == set(), f"more than {LONGEST_FUNCTION} lines"
    assert set(LONG_FUNCTIONS) - found == set(), "no longer so long: take them out of LONG_FUNCTIONS"


def test_no_file_holds_more_than_one_noun() -> None:
    """Past 400 lines a file has a second noun: give it a file of its own, or say above why it is one."""
    found = {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if len(path.read_text().splitlines()) > LONGEST_FILE
    }
    assert found - set(LONG_FILES) == set(), f"more than {LONGEST_FILE} lines"
    assert set(LONG_FILES) - found == set(), "no longer so long: take them out of LONG_FILES"


MAY_BE_MISSING = {
    # What comes from outside, where what is not known is an answer: refused, passed over, or said in another way.
    (
        "deploy/sample_partner/brands.py",
        "WORDINGS",
    ): "a client that the configuration names has neutral words",
    (
        "deploy/sample_partner/sentences.py",
        "_ERRORS",
    ): "errors are the server's to name, and new ones may come",
    (
        "deploy/sample_partner/sentences.py",
        "LABELS",
    ): "claims are the server's to name, and new ones may come",
    ("gateway/consent/age_policy.py", "AGE_OF_CONSENT"): "where the law is unknown, the strictest age counts",
    (
        "gateway/kit/gettext_catalogues.py",
        "CATALOGUES",
    ): "an account keeps a language that is no longer shipped",
    ("gateway/oauth/jwts.py", "_FITTING"): "an algorithm of somebody else's header that no key fits",
    ("gateway/oauth/parameters.py", "SHAPES"): "a parameter's name in a request",
    ("gateway/store/engine/outages.py", "_SQLITE"): "what a database may say else is a fault of ours",
    ("gateway/store/engine/outages.py", "_STATES"): "what a database may say else is a fault of ours",
    ("gateway/web/contacts/choices.py", "FORMS"): "a form's word in a posted form",
    ("gateway/web/pages/visit.py", "FLASHES"): "a word in an address, which anybody can write",
    ("gateway/web/plain_pages.py", "ERRORS"): "a code in an address, which anybody can write",
    ("gateway/web/routes.py", "_CODES"): "a status that Starlette chooses",
    ("partners/manifest.py", "_MESSAGES"): "a fault that pydantic names, with a sentence of its own",
    ("partners/rules.py", "FIELDS"): "a field's name in a manifest",
    ("partners/rules.py", "PURPOSES"): "a purpose's code in a manifest",
    ("scopes/catalogue.py", "SCOPES"): "a scope value in a request reaches nothing (RFC 6749 §3.3)",
    ("scopes/denied.py", "PURPOSES"): "a purpose's code in a request or a manifest",
    ("scopes/projection.py", "FIELDS"): "a grant of an older catalogue releases less, never more",
    ("scopes/projection.py", "PURPOSES"): "a grant of an older catalogue releases less, never more",
    ("scopes/wording.py", "TEXTS"): "a language that has no texts yet, or not all, speaks English",
    # Relations: that there is no line is what they say.
    ("deploy/log_verifier.py", "CONTACT_MOVES"): "a step that may not follow is a fault",
    ("deploy/log_verifier.py", "MOVES"): "a step that may not follow is a fault",
    ("deploy/log_verifier.py", "REACH"): "what an actor may not decide is a fault",
    ("gateway/model/administration/actions.py", "DETAILS"): "an act that is not there may have no detail",
    ("scopes/projection.py", "CONTACT_FORMS"): "what cannot be given to a contact is shown to none",
    (
        "scopes/projection.py",
        "VERIFIED_CLAIMS",
    ): "only some fields have a claim that says whether they are verified",
}
"""Tables that are asked with `.get`, each with its reason. Every other table is total, and is indexed."""


def tables_asked_with_get(path: Path) -> Iterator[str]:
    """Name the tables of a file that are asked with a fallback: constants, and tables that are written in place."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get"
        ):
            continue
        match node.func.value:
            # A context variable is asked without a key.
            case ast.Name(id=name) | ast.Attribute(attr=name) if name.isupper() and node.args:
                yield name
            case ast.Dict() | ast.DictComp():
                yield f"the table in line {node.lineno}"


def test_a_table_that_is_to_be_total_is_indexed() -> None:
    """A fallback says nothing when a member is forgotten: the page, the letter or the release is silently wrong."""
    deployed = sorted((ROOT / "deploy").rglob("*.py"))
    found = {
        (str(path.relative_to(ROOT)), table)
        for path in (*sources(), *deployed)
        for table in tables_asked_with_get(path)
    }
    silent = sorted(found - set(MAY_BE_MISSING))
    assert not silent, f"index these tables, or give the reason in MAY_BE_MISSING: {silent}"
    assert not set(MAY_BE_MISSING) - found, "these reasons stand for nothing any more"


@pytest.mark.parametrize(
    ("source", "table"),
    [
        ("WORDS.get(x, y)", "WORDS"),
        ("words._WORDS.get(x)", "_WORDS"),
        ("{1: 2}.get(x)", "the table in line 1"),
        ("{a: a for a in b}.get(x)", "the table in line 1"),
        ("VARIABLE.get()", None),
        ("words.get(x, y)", None),
    ],
)
def test_a_table_with_a_fallback_is_found(tmp_path: Path, source: str, table: str | None) -> None:
    (tmp_path / "a.py").write_text(source)
    assert list(tables_asked_with_get(tmp_path / "a.py")) == ([table] if table else [])


SAME_NAME: dict[str, str] = {}
"""Names of classes that may be defined twice, each with its reason; none is."""


def test_a_class_name_means_one_thing() -> None:
    """Whoever reads ``Answer`` knows whose: of two classes with one name each gets a first name."""
    places: dict[str, list[str]] = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(path.relative_to(ROOT).as_posix())
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert {name: found for name, found in twice.items() if name not in SAME_NAME} == {}
    assert set(SAME_NAME) - set(twice) == set(), "no longer there twice: take them out of SAME_NAME"


def aliases_in(source: str) -> Iterator[tuple[str, bool]]:
    """Name the types that a file calls by another name, and say whether that is a type variable."""
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if re.fullmatch(
                r"[A-Z]\w*[a-z]\w*|[A-Z]", name
            ):
                called = value.func if isinstance(value, ast.Call) else None
                yield name, isinstance(called, ast.Name) and called.id == "TypeVar"


def test_a_name_of_a_type_means_one_thing() -> None:
    """An alias is defined once and hides no class; a type variable ends in T, so that it cannot be taken for one."""
    classes: set[str] = set()
    places: dict[str, list[str]] = {}
    variables: set[str] = set()
    for path in sources():
        text = path.read_text()
        classes |= {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)}
        for name, is_variable in aliases_in(text):
            if is_variable:
                variables.add(name)
            else:
                places.setdefault(name, []).append(path.relative_to(ROOT).as_posix())
    assert {name: found for name, found in places.items() if len(found) > 1} == {}, (
        "define it once, or name it"
    )
    assert places.keys() & classes == set(), "give the alias a name of its own"
    assert [name for name in sorted(variables) if not name.endswith("T")] == [], "let it end in T"
    assert not variables & (classes | places.keys())


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("Key = tuple[int, int]", [("Key", False)]),
        ("ItemT = TypeVar('ItemT')", [("ItemT", True)]),
        ("T = TypeVar('T')", [("T", True)]),
        ("Say = Callable[[str], None]", [("Say", False)]),
        ("MOST = 4", []),
        ("name = str", []),
    ],
)
def test_an_alias_is_found(source: str, found: list[tuple[str, bool]]) -> None:
    assert list(aliases_in(source)) == found


BOTH_NUMBERS = {
    "accounts": "account is the frame's views, accounts the wing's tables",
    "commands": "each command file is one, the list of them is commands",
    "consents": "a file of tables has its wing's name",
    "logs": "log is the hand-off log, logs what a process writes of itself",
    "moves": "one move of the log to another name; the moves of a partner's states",
    "tables": "cli's one table of controls; the partners' tables of keys",
    "tokens": "token is the endpoint's own name (RFC 6749 §3.2)",
}
"""Plurals of which the singular is a file too, each with its reason."""


def test_a_noun_has_one_number() -> None:
    """A thing is called the same on every floor: no ``receipt`` here and ``receipts`` there."""
    stems = {path.stem for path in sources() if "migrations" not in path.parts}
    pairs = {stem for stem in stems if stem.endswith("s") and stem[:-1] in stems}
    assert pairs - set(BOTH_NUMBERS) == set(), "rename one of the two files"
    assert set(BOTH_NUMBERS) - pairs == set(), "no longer a pair: take it out of BOTH_NUMBERS"


def test_a_day_is_said_once() -> None:
    """Lengths of time count days by `DAY` of the clock; only migrations keep the number that they had."""
    clock = ROOT / "gateway" / "kit" / "clock.py"
    numbered = [
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if path != clock and "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in (86_399, 86_400)
    ]
    assert numbered == [], "use gateway.kit.clock.DAY"


def test_live_grants_are_asked_for_in_one_place() -> None:
    """What `LIVE` means in SQL says `store.grant_predicates.is_live`, in the words of the partial indexes."""
    home = ROOT / "gateway" / "store" / "grant_predicates.py"
    spelled = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "gateway" / "store").rglob("*.py"))
        if path != home
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and node.id == "LIVE" and "migrations" not in path.parts
    ]
    assert spelled == [], "use is_live()"
