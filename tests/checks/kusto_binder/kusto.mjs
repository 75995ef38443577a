// What Microsoft's parser and binder make of queries. Arguments: the folder of the package. Input and output as of print_binding.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.argv[2], 'package.json'));
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
const language = globalThis.Kusto.Language;

const elements = (list) => Array.from({ length: list ? list.Count ?? list.length : 0 }, (_, i) => list.getItem ? list.getItem(i) : list[i]);

function globals(header) {
  const quoted = (name) => /^[A-Za-z_]\w*$/.test(name) ? name : `['${name}']`;
  const tables = Object.entries(header.tables).map(([name, columns]) =>
    new language.Symbols.TableSymbol.$ctor7(name, `(${columns.map(([column, type]) => `${quoted(column)}:${type}`).join(', ')})`, null));
  const functions = Object.entries(header.functions).map(([name, text]) =>
    new language.Symbols.FunctionSymbol.$ctor16(name, '()', `{ ${text} }`, null));
  return language.GlobalState.Default.WithDatabase(new language.Symbols.DatabaseSymbol.ctor('db', [...tables, ...functions]));
}

function bind(query, state) {
  try {
    const code = language.KustoCode.ParseAndAnalyze(query, state);
    const errors = elements(code.GetDiagnostics()).filter((d) => d.Severity === 'Error').map((d) => d.Code);
    const columns = elements(code.ResultType?.Columns).map((column) => [column.Name, column.Type?.Name]);
    return { errors, columns };
  } catch (error) {
    return { errors: ['crash'], columns: [] };
  }
}

const [header, ...lines] = readFileSync(0, 'utf8').split('\n').filter(Boolean);
const state = globals(JSON.parse(header));
for (const line of lines) console.log(JSON.stringify(bind(JSON.parse(line).query, state)));
