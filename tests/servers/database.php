<?php
// Stands in for MySQL where a test runs the fixture release: mysqli is not loaded there, and a JSON file holds what
// the pages ask for. STATE is the path of that file.
const MYSQLI_BOTH = 3, MYSQLI_ASSOC = 1, MYSQLI_NUM = 2, MYSQLI_CLIENT_SSL = 2048;

class Rows
{
	public function __construct(public array $rows, public int $next = 0) {}
}

function state(): array { return json_decode(file_get_contents(getenv('STATE') ?: $_SERVER['STATE']), true); }

function keep(array $state): void { file_put_contents(getenv('STATE') ?: $_SERVER['STATE'], json_encode($state)); }

function mysqli_init() { return new stdClass(); }
function mysqli_connect(...$a) { return new stdClass(); }
function mysqli_real_connect(...$a) { return true; }
function mysqli_ssl_set(...$a) { return true; }
function mysqli_connect_error() { return null; }
function mysqli_error($link) { return ''; }
function mysqli_close($link) { return true; }
function mysqli_insert_id($link) { return 1; }
function mysqli_affected_rows($link) { return 1; }
function mysqli_real_escape_string($link, $text) { return addslashes($text); }
function mysqli_num_rows($result) { return count($result->rows); }
function mysqli_data_seek($result, $row) { $result->next = $row; return isset($result->rows[$row]); }
function mysqli_fetch_assoc($result) { return $result->rows[$result->next++] ?? null; }

function mysqli_fetch_array($result, $mode = MYSQLI_BOTH)
{
	$row = mysqli_fetch_assoc($result);
	return $row === null ? null : ($mode === MYSQLI_NUM ? array_values($row) : $row + array_values($row));
}

function mysqli_query($link, $sql)
{
	$state = state();
	if (stripos($sql, 'redcap_config') === false) return new Rows([]);
	if (!$state['installed']) return false;
	if (stripos($sql, "field_name = 'redcap_version'")) return new Rows([['value' => $state['version']]]);
	return new Rows([['field_name' => 'redcap_version', 'value' => $state['version']]]);
}

function mysqli_multi_query($link, $sql)
{
	$state = state();
	if (stripos($sql, 'create table') !== false) $state['installed'] = true;
	if (preg_match("/SET value = '([0-9.]+)' WHERE field_name = 'redcap_version'/", $sql, $found)) $state['version'] = $found[1];
	keep($state);
	return true;
}

function mysqli_prepare($link, $sql)
{
	if (stripos($sql, 'from redcap_crons') !== false) {
		$state = state();
		$state['cron']++;
		keep($state);
	}
	return new Rows([]);
}

function mysqli_stmt_bind_param(...$a) { return true; }
function mysqli_stmt_execute($statement) { return true; }
function mysqli_stmt_get_result($statement) { return $statement; }
