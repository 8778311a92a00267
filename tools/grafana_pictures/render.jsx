// Draws a dashboard's JSON over a Prometheus, with the components that Grafana draws with.
//
// Stat, time series, table and bar gauge are Grafana's own, and so are transformations, units, mappings and thresholds.
// Its state timeline is in no npm package: here it is drawn by hand, in the colours and words of those mappings. The
// table is the one of Grafana 11: the later one needs a fork of react-data-grid, which is in no npm package either.

// `require` takes Grafana's CommonJS build. Its other one imports react-custom-scrollbars-2 as a module's default, which
// esbuild, as Node does, takes for the whole module: React then has no component to draw (error 130).
const React = require('react');
const { createRoot } = require('react-dom/client');
const { MemoryRouter } = require('react-router-dom');
const { lastValueFrom, of } = require('rxjs');
const { set } = require('lodash');
const {
  FieldType, ThemeContext, createTheme, dateTime, getDisplayProcessor, getDisplayValueAlignmentFactors,
  getFieldDisplayName, getFieldDisplayValues, standardTransformers, toDataFrame,
} = require('@grafana/data');
const { initPluginTranslations } = require('@grafana/i18n');
const { BarGauge, BigValue, GlobalStyles, PanelChrome, Table, TimeSeries } = require('@grafana/ui');
require('uplot/dist/uPlot.min.css');

const WIDTH = 1400;
const ROW = 38;
const GAP = 8;
const theme = createTheme({ colors: { mode: 'light' } });

// What Grafana itself fills in where a dashboard says nothing.
const COLOUR = { timeseries: { mode: 'palette-classic' } };
const CUSTOM = {
  timeseries: { drawStyle: 'line', lineInterpolation: 'linear', showPoints: 'never', axisPlacement: 'auto' },
};
const THRESHOLDS = { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'red', value: 80 }] };

async function ask(prometheus, query, { from, to, variables }) {
  const words = { __rate_interval: '15s', __range: `${to - from}s`, ...variables };
  const expression = query.expr.replace(/\$(\w+)/g, (asIs, name) => words[name] ?? asIs);
  const address = query.instant ? 'query' : 'query_range';
  const when = query.instant ? { time: to } : { start: from, end: to, step: 1 };
  const question = new URLSearchParams({ query: expression, ...when });
  const response = await fetch(`${prometheus}/api/v1/${address}?${question}`);
  const answer = await response.json();
  if (answer.status !== 'success') {
    throw new Error(`${expression}: ${answer.error}`);
  }
  return answer.data.result;
}

function legend(query, labels) {
  return query.legendFormat?.replace(/{{(\w+)}}/g, (_, name) => labels[name] ?? '') || 'Value';
}

function frames(query, result, several) {
  if (query.format === 'table') {
    const names = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].sort();
    const columns = names.map((name) => ({
      name, type: FieldType.string, values: result.map(({ metric }) => metric[name] ?? ''),
    }));
    const time = { name: 'Time', type: FieldType.time, values: result.map(({ value }) => value[0] * 1000) };
    const value = {
      name: several ? `Value #${query.refId}` : 'Value', type: FieldType.number,
      values: result.map(({ value }) => Number(value[1])),
    };
    return result.length ? [toDataFrame({ refId: query.refId, fields: [time, ...columns, value] })] : [];
  }
  return result.map(({ metric, value, values = [value] }) => toDataFrame({
    refId: query.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map(([moment]) => moment * 1000) },
      {
        name: 'Value', type: FieldType.number, labels: metric, values: values.map(([, number]) => Number(number)),
        config: { displayNameFromDS: legend(query, metric) },
      },
    ],
  }));
}

function matches({ id, options }, name) {
  return id === 'byName' ? name === options : new RegExp(options.slice(1, -1)).test(name);
}

function dressed(panel, all) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  let index = 0;
  for (const frame of all) {
    for (const field of frame.fields.filter(({ type }) => type !== FieldType.time)) {
      const name = getFieldDisplayName(field, frame, all);
      const config = structuredClone({
        color: COLOUR[panel.type] ?? { mode: 'thresholds' }, thresholds: THRESHOLDS, ...field.config, ...defaults,
        custom: { ...CUSTOM[panel.type], ...defaults.custom },
      });
      for (const { properties } of overrides.filter(({ matcher }) => matches(matcher, name))) {
        properties.forEach(({ id, value }) => set(config, id, value));
      }
      config.thresholds.steps.forEach((step) => { step.value ??= -Infinity; });
      if (config.links) {
        // They look like links, and lead nowhere: this is a picture.
        field.getLinks = () => config.links.map(({ title }) => ({ title, href: '#', origin: field }));
      }
      field.config = config;
      field.state = { ...field.state, displayName: name, seriesIndex: index++ };
      field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
    }
  }
  return all;
}

async function data(prometheus, panel, moment) {
  const several = panel.targets.length > 1;
  const results = await Promise.all(panel.targets.map((query) => ask(prometheus, query, moment)));
  const found = panel.targets.flatMap((query, number) => frames(query, results[number], several));
  const context = { interpolate: (text) => text };
  let transformed = found;
  for (const { id, options } of panel.transformations ?? []) {
    const { defaultOptions, operator } = Object.values(standardTransformers).find((one) => one.id === id);
    transformed = await lastValueFrom(of(transformed).pipe(operator({ ...defaultOptions, ...options }, context)));
  }
  return dressed(panel, transformed.filter(({ length }) => length));
}

const numbers = (frame) => frame.fields.find(({ type }) => type === FieldType.number);

// What stood alike from one moment to another.
function spans({ values }, times, to) {
  const starts = values.map((_, at) => at).filter((at) => at === 0 || values[at] !== values[at - 1]);
  return starts.map((at, number) => ({
    value: values[at], from: times[at] / 1000, to: number + 1 < starts.length ? times[starts[number + 1]] / 1000 : to,
  }));
}

function Timeline({ frames, from, to, width, height }) {
  const names = 190;
  const row = (height - 48) / frames.length;
  const across = (seconds) => names + ((seconds - from) / (to - from)) * (width - names);
  const words = new Map();
  const bars = frames.map((frame, line) => {
    const field = numbers(frame);
    return (
      <g key={field.state.displayName}>
        <text x={names - 8} y={(line + 0.5) * row} textAnchor="end" dominantBaseline="middle">
          {field.state.displayName}
        </text>
        {spans(field, frame.fields[0].values, to).map((span) => {
          const { text, color } = field.display(span.value);
          words.set(text, color);
          return <rect key={span.from} x={across(span.from)} width={across(span.to) - across(span.from)}
            y={(line + 0.1) * row} height={row * 0.8} fill={color} />;
        })}
      </g>
    );
  });
  const ticks = [0, 1, 2, 3, 4, 5].map((part) => from + ((to - from) * part) / 6);
  const clock = (at) => new Date(at * 1000).toISOString().slice(11, 19);
  return (
    <svg width={width} height={height} fontSize={12} fill={theme.colors.text.primary}>
      {bars}
      {ticks.map((at) => <text key={at} x={across(at)} y={height - 30}>{clock(at)}</text>)}
      {[...words].map(([text, color], at) => (
        <g key={text} transform={`translate(${8 + at * 80} ${height - 8})`}>
          <rect y={-6} width={14} height={4} rx={2} fill={color} />
          <text x={20}>{text}</text>
        </g>
      ))}
    </svg>
  );
}

// The last value of each field, or the one that stands for none.
function lastOf(panel, frames) {
  const fieldConfig = { overrides: [], ...panel.fieldConfig };
  return getFieldDisplayValues({
    data: frames, fieldConfig, reduceOptions: { calcs: ['lastNotNull'] }, replaceVariables: (text) => text, theme,
    timeZone: 'utc',
  });
}

function Gauges({ panel, frames, width, height }) {
  const values = lastOf(panel, frames);
  const max = Math.max(...values.map(({ display }) => display.numeric));
  const alignmentFactors = getDisplayValueAlignmentFactors(values);
  const options = { ...panel.options, theme, width, itemSpacing: GAP, alignmentFactors };
  const each = Math.min(panel.options.maxVizHeight, height / values.length - GAP);
  return values.map(({ name, field, display }) => (
    <div key={display.title ?? name} style={{ marginBottom: GAP }}>
      <BarGauge {...options} value={display} field={{ ...field, max }} height={each} />
    </div>
  ));
}

function drawn(panel, frames, { from, to }, width, height) {
  if (panel.type === 'stat') {
    const [{ display }] = lastOf(panel, frames);
    const value = { ...display, title: '' };
    return <BigValue theme={theme} width={width} height={height} value={value} {...panel.options} />;
  }
  if (panel.type === 'bargauge') {
    return <Gauges panel={panel} frames={frames} width={width} height={height} />;
  }
  if (!frames.length) {
    const nothing = panel.fieldConfig?.defaults?.noValue ?? 'No data';
    return <div style={{ display: 'grid', placeItems: 'center', width, height }}>{nothing}</div>;
  }
  if (panel.type === 'table') {
    return <Table data={frames[0]} width={width} height={height} ariaLabel={panel.title}
      initialSortBy={panel.options?.sortBy} />;
  }
  if (panel.type === 'state-timeline') {
    return <Timeline frames={frames} from={from} to={to} width={width} height={height} />;
  }
  const range = { from: dateTime(from * 1000), to: dateTime(to * 1000) };
  return <TimeSeries frames={frames} timeRange={{ ...range, raw: range }} timeZone="utc" width={width} height={height}
    legend={panel.options.legend} options={panel.options} />;
}

function Panel({ panel, frames, moment }) {
  const { x = 0, y = 0, w, h } = panel.gridPos;
  const column = (WIDTH + GAP) / 24;
  const width = w * column - GAP;
  const height = h * ROW - GAP;
  return (
    <div style={{ position: 'absolute', left: x * column, top: y * ROW, width, height }}>
      <PanelChrome title={panel.title} width={width} height={height}>
        {(inner, outer) => drawn(panel, frames, moment, inner, outer)}
      </PanelChrome>
    </div>
  );
}

// Draws one dashboard; the promise is kept when all of its answers are there and handed to React.
window.draw = async ({ dashboard, prometheus, ...moment }) => {
  await initPluginTranslations('pictures');
  const { panels } = dashboard;
  const all = await Promise.all(panels.map((panel) => data(prometheus, panel, moment)));
  const bottom = Math.max(...panels.map(({ gridPos: { y = 0, h } }) => y + h)) * ROW;
  const root = document.body.appendChild(document.createElement('div'));
  root.style.cssText = `position: relative; margin: ${GAP}px; width: ${WIDTH}px; height: ${bottom}px`;
  createRoot(root).render(
    <ThemeContext.Provider value={theme}>
      <MemoryRouter>
        <GlobalStyles />
        {panels.map((panel, at) => <Panel key={panel.title} panel={panel} frames={all[at]} moment={moment} />)}
      </MemoryRouter>
    </ThemeContext.Provider>,
  );
};
