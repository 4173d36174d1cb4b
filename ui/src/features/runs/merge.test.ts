import { describe, expect, it } from 'vitest';
import { type RunPages, withEvents, withLines, withNewest, withRun } from './merge';
import type { Line, Run, RunDetail, StepRun } from './queries';

const run = (id: string, status: Run['status'] = 'success') => ({ id, status, seq: 1 }) as Run;
const pages = (...ids: string[]): RunPages => ({
  pageParams: [undefined],
  pages: [{ items: ids.map((id) => run(id)), next_cursor: null }],
});
const ids = (found: RunPages) => found.pages.flatMap((page) => page.items.map((each) => each.id));

describe('the list, live', () => {
  it('takes new runs on top and keeps what is there', () => {
    const found = withNewest(pages('3', '2', '1'), [run('5'), run('4'), run('3', 'failed')]);
    expect(ids(found)).toEqual(['5', '4', '3', '2', '1']);
    expect(found.pages[0]?.items[2]?.status).toBe('failed');
  });

  it('changes one run, or loses it', () => {
    expect(ids(withRun(pages('2', '1'), '2', () => null))).toEqual(['1']);
    expect(
      withRun(pages('2'), '2', (each) => ({ ...each, status: 'failed' })).pages[0]?.items[0]?.status,
    ).toBe('failed');
  });
});

const step = (step_id: string, status: StepRun['status'], action_index = 0) =>
  ({ id: step_id, step_id, status, action_index, iteration: '' }) as StepRun;
const detail = (...steps: StepRun[]) =>
  ({ id: 'r', status: 'running', seq: 3, action_logs: steps }) as unknown as RunDetail;

describe('a run, live', () => {
  it('has its steps in the order of the definition, whatever order they ended in', () => {
    const found = withEvents(detail(), [
      { kind: 'step', step: step('b', 'success', 1) },
      { kind: 'step', step: step('a', 'running', 0) },
    ]);
    expect(found.action_logs.map((each) => each.step_id)).toEqual(['a', 'b']);
  });

  it('is not thrown back by what is provisional or old', () => {
    const found = withEvents(detail(step('a', 'success')), [
      { kind: 'step', step: { step_id: 'a', status: 'running', provisional: true } },
      { kind: 'run', run: { id: 'r', status: 'queued', seq: 2 } },
    ]);
    expect([found.action_logs[0]?.status, found.status]).toEqual(['success', 'running']);
  });

  it('leaves the items of loops to their own list', () => {
    const found = withEvents(detail(), [{ kind: 'step', step: { ...step('a', 'success'), iteration: '4' } }]);
    expect(found.action_logs).toEqual([]);
  });

  it('has each line once', () => {
    const line = (seq: number) => ({ seq }) as Line;
    expect(withLines([line(1), line(2)], [line(2), line(3)]).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });
});
