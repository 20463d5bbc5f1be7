"""Open pages: what a page does before it asks for a login, in all forms that REDCap and others have."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.pipeline import ScanOptions, scan

BOOT = {
    "Config/init_global.php": (
        "<?php\nrequire_once dirname(__FILE__) . '/init_functions.php';\nSystem::initGlobalPage();\n"
    ),
    "Config/init_functions.php": (
        "<?php\ndefine('APP_PATH_DOCROOT', dirname(dirname(__FILE__)) . '/');\n"
        "spl_autoload_register(function ($class) { require APP_PATH_DOCROOT . 'Classes/' . $class . '.php'; });\n"
        "function redirect($url) { header('Location: ' . $url); exit; }\n"
    ),
    "Classes/System.php": (
        "<?php\nclass System { static function initGlobalPage() { Authentication::authenticate(); } }\n"
    ),
    "Classes/Authentication.php": (
        "<?php\nclass Authentication {\n public static $noAuthPages = array('SendIt/download.php');\n"
        " static function authenticate() {\n"
        "  if (defined('NOAUTH') && !defined('OVERRIDE-NOAUTH')) return true;\n"
        "  if (in_array(getCurrentPage(), self::$noAuthPages)) { define('NOAUTH', true); return true; }\n"
        "  if (isset($_SESSION['username'])) return true;\n"
        "  if (isset($_POST['username'])) { return self::check($_POST['username'], $_POST['password']); }\n"
        "  print '<form>'; exit;\n }\n static function check($a, $b) { return false; }\n}\n"
    ),
    "Classes/Records.php": "<?php\nclass Records { static function delete($id) { db_query('delete from x'); } }\n",
}
LOAD = "require_once dirname(dirname(__FILE__)) . '/Config/init_global.php';\n"
PAGES = {
    "login": LOAD + "print Records::delete($_GET['id']);",
    "login by way of another file": "require 'header.php';\nprint 'hello';",
    "login, path in a variable": "$path = dirname(__DIR__) . '/Config';\ninclude $path . '/init_global.php';\nprint 1;",
    "login on both ways": f"if (isset($_GET['a'])) {{ {LOAD} }} else {{ {LOAD} }}\nprint 1;",
    "none: constant": "define('NOAUTH', true);\n" + LOAD + "print 1;",
    "none: constant, other spelling": "defined('NOAUTH') or \\define(\"NOAUTH\", 1);\n" + LOAD + "print 1;",
    "none: condition": "if (isset($_GET['debug'])) define('NOAUTH', true);\n" + LOAD + "print 1;",
    "none: one way around": f"if ($_GET['k'] != 'x') {{ {LOAD} }}\nprint 1;",
    "none: acts before": "if (isset($_GET['c'])) { system($_GET['c']); exit; }\n" + LOAD + "print 1;",
    "none: writes before, in another file": "include 'early.php';\n" + LOAD + "print 1;",
    "none: never loads": "require dirname(__DIR__) . '/Config/init_functions.php';\nprint Records::delete(1);",
    "none: own database": "$c = mysqli_connect('localhost', 'u', 'p'); echo mysqli_query($c, $_GET['q']);",
    "token": "define('NOAUTH', true);\n" + LOAD + "if (!known($_POST['token'])) { exit('no'); }\nprint 1;",
    "survey-hash": "define('NOAUTH', true);\n" + LOAD + "$s = $_GET['s']; if (!known($s)) exit;\nprint 1;",
    "cli": "if (PHP_SAPI !== 'cli') exit('no');\nprint Records::delete(1);",
    "cli by function": "if (php_sapi_name() != 'cli') { die; }\n" + LOAD + "print 1;",
    "fragment: needs a constant": "if (!defined('API')) exit;\nprint Records::delete($_POST['id']);",
    "fragment: class not loaded": "$data = Records::delete(PROJECT_ID);\nprint $data;",
    "fragment: function not loaded": "print tt('title'); function_of_page();",
    "fragment: declares": "function f() { system('x'); }\nclass K {}\n",
    "fragment: returns": "return array('a' => 1);",
}


def release(folder: Path, pages: dict[str, str]) -> dict[str, str]:
    """Classes of pages of a release, by the part of the path below the version folder."""
    more = {
        "Pages/header.php": "<?php\n" + LOAD,
        "Pages/early.php": "<?php\nfile_put_contents('/tmp/x', $_POST['x']);\n",
        "Lib/page.php": "<?php\nfunction tt($x) {}\nfunction function_of_page() {}\nfunction known($x) {}\n",
    }
    for name, text in {**BOOT, **more, **{k: "<?php\n" + v for k, v in pages.items()}}.items():
        path = folder / "redcap" / "redcap_v15.9.0" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = scan(str(folder / "redcap"), ScanOptions(cache=None, jobs=0)).endpoints
    return {page.path.removeprefix("redcap_v@/"): page.auth for page in found}


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    names = {f"Pages/p{number}.php": text for number, text in enumerate(PAGES.values())}
    return release(tmp_path_factory.mktemp("pages"), {**names, "SendIt/download.php": LOAD + "print 1;"})


@pytest.mark.parametrize(("number", "title"), list(enumerate(PAGES)))
def test_the_class_of_a_page(number: int, title: str, classes: dict[str, str]) -> None:
    wanted = title.partition(":")[0].partition(",")[0].partition(" ")[0]
    assert classes.get(f"Pages/p{number}.php", "fragment") == wanted


def test_a_page_in_the_list_of_the_gate_is_open(classes: dict[str, str]) -> None:
    assert classes["SendIt/download.php"] == "none"


def test_a_gate_that_is_no_longer_called_opens_every_page(tmp_path: Path) -> None:
    opened = {"Classes/System.php": "class System { static function initGlobalPage() { $x = 1; } }\n"}
    assert release(tmp_path, {"Pages/p.php": PAGES["login"], **opened})["Pages/p.php"] == "none"


def test_a_release_without_any_login_has_no_pages(tmp_path: Path) -> None:
    (tmp_path / "a.php").write_text("<?php print $_GET['x'];")
    assert scan(str(tmp_path), ScanOptions(cache=None, jobs=0)).endpoints == ()


def test_without_the_function_that_asks_its_files_are_known_by_name(tmp_path: Path) -> None:
    pages = {
        "Config/init_global.php": "require 'encoded.php';",
        "Pages/open.php": PAGES["none: constant"],
        "Pages/p.php": PAGES["login"],
        "Classes/Authentication.php": "",
        "Classes/System.php": "",
    }
    found = release(tmp_path, pages)
    assert (found["Pages/p.php"], found["Pages/open.php"]) == ("login", "none")
