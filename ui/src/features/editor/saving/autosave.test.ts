import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '~/api/problem';
import { type Definition, definitionOf } from '../document/definition';
import { createDraft } from '../state/store';
import { chanceOf, definitionBy } from '../testing/generator';
import { autosave, type Detail, type Server } from './autosave';
import { journalOf } from './journal';
import { restored } from './restore';

/** A server that keeps one draft, and can be away. */
class Fake implements Server {
  away = false;
  refuses = false;
  detail: Detail;
  writes = 0;

  constructor() {
    this.detail = { ...definitionBy(chanceOf(3)), etag: '"1"', findings: [] } as unknown as Detail;
  }

  async read(): Promise<Detail> {
    if (this.away) throw new Problem(0, 'unreachable', 'away');
    return this.detail;
  }

  async write(definition: Definition, etag: string): Promise<Detail> {
    this.writes += 1;
    if (this.away) throw new Problem(0, 'unreachable', 'away');
    if (this.refuses) throw new Problem(422, 'invalid', 'no', { errors: [{ at: 'name', message: 'no' }] });
    if (etag !== this.detail.etag) throw new Problem(412, 'stale', 'stale');
    const number = Number(etag.slice(1, -1)) + 1;
    this.detail = { ...this.detail, ...structuredClone(definition), etag: `"${number}"` } as Detail;
    return this.detail;
  }

  other(name: string): void {
    void this.write({ ...this.now, name }, this.detail.etag);
  }

  get now(): Definition {
    return definitionOf(this.detail as unknown as Record<string, unknown>);
  }
}

function opened(server = new Fake(), tab = 'one') {
  const journal = journalOf('a', tab);
  const draft = createDraft(server.now);
  const saving = autosave({ draft, detail: server.detail, server, journal, pauseMs: 100, retryMs: 100 });
  const name = (text: string) =>
    draft.getState().edit('name', (definition) => ({ ...definition, name: text }));
  return { server, journal, draft, saving, name, phase: () => saving.state.getState().phase };
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
});
afterEach(() => vi.useRealTimers());

describe('autosave', () => {
  it('sends nothing when nothing changed', async () => {
    const { server } = opened();
    await vi.advanceTimersByTimeAsync(5000);
    expect(server.writes).toBe(0);
  });

  it('saves what was typed once, after a pause, and forgets the journal', async () => {
    const { server, name, phase, journal } = opened();
    for (const text of ['a', 'ab', 'abc']) name(text);
    expect(journal.left()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect([server.writes, server.now.name, phase()]).toEqual([1, 'abc', 'saved']);
    expect(journal.left()).toEqual([]);
  });

  it('keeps what is typed while the server is away, and sends it later', async () => {
    const { server, name, phase, journal } = opened();
    server.away = true;
    name('offline');
    await vi.advanceTimersByTimeAsync(300);
    expect(phase()).toBe('away');
    expect(journal.left()[0]?.definition.name).toBe('offline');
    server.away = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect([server.now.name, phase()]).toEqual(['offline', 'saved']);
  });

  it('shows both when somebody else saved; mine wins when I say so, and undo gives theirs', async () => {
    const { server, name, phase, saving, draft } = opened();
    server.other('theirs');
    name('mine');
    await vi.advanceTimersByTimeAsync(200);
    expect([phase(), server.now.name]).toEqual(['conflict', 'theirs']);
    expect(saving.state.getState().theirs?.name).toBe('theirs');
    await saving.keepMine();
    expect([phase(), server.now.name]).toEqual(['saved', 'mine']);
    draft.temporal.getState().undo();
    await vi.advanceTimersByTimeAsync(200);
    expect(server.now.name).toBe('theirs');
  });

  it('takes theirs when I say so, and that can be undone', async () => {
    const { server, name, phase, saving, draft } = opened();
    server.other('theirs');
    name('mine');
    await vi.advanceTimersByTimeAsync(200);
    saving.takeTheirs();
    expect([phase(), draft.getState().definition.name]).toEqual(['saved', 'theirs']);
    draft.temporal.getState().undo();
    await vi.advanceTimersByTimeAsync(200);
    expect(server.now.name).toBe('mine');
  });

  it('does not ask when the other side saved the same', async () => {
    const { server, name, phase } = opened();
    server.other('same');
    name('same');
    await vi.advanceTimersByTimeAsync(200);
    expect(phase()).toBe('saved');
  });

  it('keeps what the server refuses, and tries again with the next change', async () => {
    const { server, name, phase, journal } = opened();
    server.refuses = true;
    name('');
    await vi.advanceTimersByTimeAsync(200);
    expect(phase()).toBe('refused');
    expect(journal.left()).toHaveLength(1);
    server.refuses = false;
    name('good');
    await vi.advanceTimersByTimeAsync(200);
    expect(server.now.name).toBe('good');
  });

  it('a killed tab loses nothing', async () => {
    const { server, name, saving } = opened();
    name('unsaved');
    saving.stop();
    const journal = journalOf('a', 'two');
    expect(restored(server.detail, journal)).toMatchObject({ definition: { name: 'unsaved' }, stale: false });
    expect(restored(server.detail, journal)).toBeNull();
  });

  it('what a killed tab left is not put over what was saved since', async () => {
    const { server, name, saving } = opened();
    name('unsaved');
    saving.stop();
    server.other('newer');
    expect(restored(server.detail, journalOf('a', 'two'))).toMatchObject({ stale: true });
  });

  it('a tab that is killed while it asks whose version counts asks again', async () => {
    const { server, name, saving } = opened();
    name('mine');
    saving.stop();
    server.other('theirs');
    for (const tab of ['two', 'three']) {
      const journal = journalOf('a', tab);
      const found = restored(server.detail, journal);
      expect(found).toMatchObject({ definition: { name: 'mine' }, stale: true });
      if (!found) break;
      const draft = createDraft(server.now);
      draft.getState().take(found.definition);
      const again = autosave({ draft, detail: server.detail, server, journal, staleFrom: found.etag });
      expect(again.state.getState().phase).toBe('conflict');
      again.stop();
    }
    expect(server.now.name).toBe('theirs');
  });
});
