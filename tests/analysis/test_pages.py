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
    "Config/installed.php": (
        "<?php\nfunction not_installed() {\n if (installed()) { return; }\n"
        " define('NOT_INSTALLED', true); header('Location: setup.php'); die();\n}\n"
        "function installed() { return file_exists('config.php'); }\n"
    ),
    "Config/cli.php": (
        "<?php\nif (defined('LOADED')) { return; }\nif (PHP_SAPI !== 'cli' && PHP_SAPI !== 'phpdbg') { exit(1); }\n"
    ),
    "Config/runner.php": (
        "<?php\nclass Runner {\n"
        " static function mayRun() { return count(debug_backtrace()) < 3; }\n"
        " static function told() { return file_get_contents('https://example.net/') === 'yes'; }\n"
        " function init() { if (PHP_SAPI !== 'cli') { $this->stop('Use the command line'); } }\n"
        " private function stop($why) { echo $why; exit(1); }\n}\n"
    ),
    "Config/run.php": (
        "<?php\nrequire_once __DIR__ . '/runner.php';\nif (!defined('RUN')) { echo 'Not by itself'; exit(1); }\n"
        "if (!Runner::mayRun()) { return; }\n$runner = new Runner();\n$runner->init();\n"
    ),
    "Config/run_made.php": (
        "<?php\nclass Making { static function made() { $it = new Maker; return $it != null; } }\n"
        "class Maker { function __construct() { mysqli_query($GLOBALS['c'], 'delete from x'); } }\n"
        "if (!Making::made()) { echo 'Not now'; return; }\nif (PHP_SAPI !== 'cli') { exit(1); }\n"
    ),
    "Config/run_told.php": (
        "<?php\nrequire_once __DIR__ . '/runner.php';\nif (!Runner::told()) { echo 'Not now'; return; }\n"
        "$runner = new Runner();\n$runner->init();\n"
    ),
    "Config/old_php.php": "<?php\nif (!defined('PHP_VERSION_ID')) { define('PHP_VERSION_ID', 50100); }\n",
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
    "cli by two names": "if (PHP_SAPI !== 'cli' && PHP_SAPI !== 'phpdbg') exit('no');\nprint Records::delete(1);",
    "cli by a list": "if (!in_array(PHP_SAPI, ['cli', 'phpdbg'], true)) exit('no');\nprint Records::delete(1);",
    "cli by its streams": "if (!defined('STDIN')) exit('no');\nprint Records::delete(1);",
    "cli by the request": "if (isset($_SERVER['REQUEST_METHOD'])) exit('no');\nprint Records::delete(1);",
    "cli by the address": "if (!empty($_SERVER['REMOTE_ADDR'])) { exit('no'); }\nprint Records::delete(1);",
    "cli in another file": (
        "$root = getenv('ROOT');\nif ($root === false) { $root = __DIR__ . '/..'; }\n"
        'require_once "$root/Config/cli.php";\nprint Records::delete(1);'
    ),
    "cli in another file, by a choice": (
        "require_once getenv('ROOT') !== false ? getenv('ROOT') . '/Config/cli.php' : __DIR__ . '/../Config/cli.php';\n"
        "print Records::delete(1);"
    ),
    "cli in a method of an object, behind a question": (
        "define('RUN', 1);\nrequire_once dirname(__DIR__) . '/Config/run.php';"
    ),
    "none: goes on where it does not ask": (
        "define('RUN', 1);\nrequire_once dirname(__DIR__) . '/Config/run.php';\n"
        "require dirname(__DIR__) . '/Config/init_functions.php';\nprint Records::delete(1);"
    ),
    "none: what is asked first makes an object": (
        "require_once dirname(__DIR__) . '/Config/init_functions.php';\n"
        "require_once dirname(__DIR__) . '/Config/run_made.php';"
    ),
    "none: what is asked first does more than look": "require_once dirname(__DIR__) . '/Config/run_told.php';",
    "none: a choice of which one is not known": (
        "require_once isset($_GET['x']) ? $_GET['x'] : __DIR__ . '/../Config/cli.php';\nprint Records::delete(1);"
    ),
    "none: a name of two": (
        "if (PHP_SAPI !== 'cli' && PHP_SAPI !== 'fpm-fcgi') exit('no');\nmysqli_query($c, $_GET['q']);\n"
        "require dirname(__DIR__) . '/Config/init_functions.php';\nprint Records::delete(1);"
    ),
    "none: streams of its own": (
        "define('STDIN', 1);\nif (!defined('STDIN')) exit('no');\n"
        "require dirname(__DIR__) . '/Config/init_functions.php';\nprint Records::delete(1);"
    ),
    "none: a header": (
        "if (isset($_SERVER['HTTP_X_FROM'])) exit('no');\n"
        "require dirname(__DIR__) . '/Config/init_functions.php';\nprint Records::delete(1);"
    ),
    "none: loads what ends the request only at times": (
        "define('NOAUTH', true);\nrequire dirname(__DIR__) . '/Config/installed.php';\nnot_installed();\n"
        + LOAD
        + "print 1;"
    ),
    "none: constant of PHP that a library defines": (
        "if (PHP_VERSION_ID > 70000) { echo 1; }\ndefine('NOAUTH', true);\n" + LOAD + "print 1;"
    ),
    "fragment: needs a constant": "if (!defined('API')) exit;\nprint Records::delete($_POST['id']);",
    "fragment: class not loaded": "$data = Records::delete(PROJECT_ID);\nprint $data;",
    "fragment: function not loaded": "print tt('title'); function_of_page();",
    "fragment: view of an object": "echo $this->title($data);\nfile_put_contents('/tmp/x', $_POST['x']);",
    "none: asks whether there is an object": (
        "if (isset($this)) { echo $this->title($data); }\nfile_put_contents('/tmp/x', $_POST['x']);"
    ),
    "none: does without the object": (
        "try { $this->title(); } catch (Error $e) {}\nfile_put_contents('/tmp/x', $_POST['x']);"
    ),
    "none: catches that a function is missing": (
        "try { function_of_page(); } catch (Throwable) { file_put_contents('/tmp/x', $_POST['x']); }"
    ),
    "fragment: catches other things": (
        "try { function_of_page(); } catch (Exception $e) { file_put_contents('/tmp/x', $_POST['x']); }"
    ),
    "fragment: ends where it catches": (
        "try { function_of_page(); } catch (Throwable $e) { exit; }\nfile_put_contents('/tmp/x', $_POST['x']);"
    ),
    "none: before it needs an object": "file_put_contents('/tmp/x', $_POST['x']);\necho $this->title($data);",
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


ROUTES = {
    "index.php": LOAD.replace("dirname(dirname(__FILE__))", "dirname(__FILE__)")
    + "if (isset($_GET['route'])) new Route();\nprint 'home';",
    "Classes/Route.php": (
        "class Route {\n private static $valid = array('AController:read', 'AController:open', 'BController:write',\n"
        "  'Nobody:known', 'AController:gone');\n"
        " function __construct() {\n  $route = $_GET['route'] ?? '';\n  if (!in_array($route, self::$valid)) return;\n"
        "  list ($class, $method) = explode(':', $route);\n  $c = new $class();\n  $c->$method();\n  exit;\n }\n}\n"
    ),
    "Controllers/AController.php": (
        "class AController { function read() { print 1; } function open() { mail($_POST['to'], 'b', 'c'); } }"
    ),
    "Controllers/BController.php": "class BController { function write() { file_put_contents('x', $_POST['x']); } }",
}


def test_routes_are_listed_with_the_class_that_the_code_gives_them_by_name(tmp_path: Path) -> None:
    by_list = BOOT["Classes/Authentication.php"].replace("array('SendIt", "array('AController:open', 'SendIt")
    found = release(tmp_path, {**ROUTES, "Classes/Authentication.php": by_list.removeprefix("<?php\n")})
    assert {path: auth for path, auth in found.items() if path.startswith("index.php")} == {
        "index.php": "login",
        "index.php?route=AController:open": "none",
        "index.php?route=AController:read": "login",
        "index.php?route=BController:write": "login",
    }


def test_a_condition_on_the_route_opens_that_route_and_not_the_others(tmp_path: Path) -> None:
    condition = "if (isset($_GET['k']) && $_GET['route'] == 'BController:write') define('NOAUTH', true);\n"
    found = release(tmp_path, {**ROUTES, "index.php": condition + ROUTES["index.php"]})
    assert found["index.php"] == found["index.php?route=BController:write"] == "none"
    assert found["index.php?route=AController:read"] == "login"


def test_tables_of_other_shapes_and_files_to_include(tmp_path: Path) -> None:
    pages = {
        **ROUTES,
        "Classes/Route.php": (
            "class Route {\n"
            " const MAP = ['a/read' => 'AController@read', 'b/write' => [BController::class, 'write']];\n"
            " function __construct() {\n  $to = self::MAP[$_GET['route']] ?? null;\n"
            "  if (is_string($to)) $to = explode('@', $to);\n  call_user_func([new $to[0](), $to[1]]);\n }\n}\n"
        ),
        "Pages/pass.php": (
            "define('NOAUTH', true);\n" + LOAD + "$files = array('Pages/inner.php', 'Pages/none.php');\n"
            "$file = $_GET['__passthru'];\nif (!in_array($file, $files)) exit;\ninclude APP_PATH_DOCROOT . $file;\n"
        ),
        "Pages/inner.php": "require_once dirname(dirname(__FILE__)) . '/Config/init_global.php';\nprint 1;",
        "Pages/lookup.php": LOAD + "$names = array('AController:read');\nprint in_array($_GET['x'], $names);",
    }
    found = {path: auth for path, auth in release(tmp_path, pages).items() if "?" in path}
    assert found == {
        "index.php?route=a/read": "login",
        "index.php?route=b/write": "login",
        "Pages/pass.php?__passthru=Pages/inner.php": "survey-hash",
    }


def test_a_page_that_hands_some_routes_on_without_a_login(tmp_path: Path) -> None:
    pages = {
        **ROUTES,
        "Surveys/index.php": (
            "define('NOAUTH', true);\n" + LOAD + "$passed = array('AController:read', 'AController:other');\n"
            "if (in_array($_GET['route'], $passed)) { include APP_PATH_DOCROOT . 'index.php'; exit; }\nprint 1;\n"
        ),
    }
    found = release(tmp_path, pages)
    assert (found["index.php?route=AController:read"], found["index.php?route=BController:write"]) == ("login", "login")
    assert [path for path in found if path.startswith("Surveys/index.php?")] == [
        "Surveys/index.php?route=AController:read"
    ]
    assert found["Surveys/index.php?route=AController:read"] == "none"


def test_what_a_route_and_what_a_job_named_by_a_table_can_do(tmp_path: Path) -> None:
    pages = {
        **ROUTES,
        "cron.php": (
            "define('NOAUTH', true);\nrequire_once dirname(__FILE__) . '/Config/init_global.php';\n"
            "foreach (db_rows('select name from jobs') as $row) call_user_func(array('Jobs', $row['name']));\n"
        ),
        "Classes/Jobs.php": (
            "class Jobs { static function Clean() { system('rm -r /tmp/x'); }"
            " function __wakeup() { mail($_POST['to'], 2, 3); } }"
        ),
    }
    release(tmp_path, pages)
    found = scan(str(tmp_path / "redcap"), ScanOptions(cache=None, jobs=0)).endpoints
    effects = {page.path.removeprefix("redcap_v@/"): page.effects for page in found}
    assert effects["cron.php"] == ("exec",)
    assert effects["index.php?route=AController:open"] == ("mail",)
    assert effects["index.php?route=AController:read"] == ()
    assert effects["index.php?route=BController:write"] == ("file-write",)
