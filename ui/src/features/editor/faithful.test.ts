import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { placesOf } from './document/bodies';
import { stepsOf, stepsText } from './document/clipboard';
import { type Definition, definitionOf } from './document/definition';
import { renamed } from './document/edit';
import type { Action } from './document/kinds';
import { graphOf } from './graph/graph';
import { layoutOf } from './graph/layout';
import { read, textOf } from './json/reading';
import { autosave, type Detail } from './saving/autosave';
import { journalOf } from './saving/journal';
import { createDraft } from './state/store';
import { canonical } from './testing/canonical';

const COUNT = 200;

/** What the product itself says, as it is now. */
function told<T>(...module: string[]): T {
  const raw = execFileSync(resolve('../.venv/bin/python'), ['-m', ...module], {
    cwd: '..',
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(raw) as T;
}

const documents = told<Record<string, unknown>[]>('tests.definitions', String(COUNT));
const catalogue = told<{ actions: Action[] }>('deployments.catalog');
const kinds = new Map(catalogue.actions.map((action) => [action.name, action]));

/** Whoever changes what was loaded in place is told so by an exception. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) frozen(each);
  }
  return value;
}

function loaded(document: Record<string, unknown>): Detail {
  return frozen({ ...structuredClone(document), id: 'a', etag: '"1"', findings: [] }) as unknown as Detail;
}

const definitionIn = (detail: Detail) => definitionOf(detail as unknown as Record<string, unknown>);

/** An editor on a draft, before a server that notes the bodies it is sent, as text. */
function opened(document: Record<string, unknown>) {
  const detail = loaded(document);
  const sent: string[] = [];
  const server = {
    read: async () => detail,
    write: async (definition: Definition) => {
      sent.push(JSON.stringify(definition));
      return {
        ...JSON.parse(JSON.stringify(definition)),
        id: 'a',
        etag: `"${sent.length + 1}"`,
        findings: [],
      } as Detail;
    },
  };
  const draft = createDraft(definitionIn(detail));
  const saving = autosave({ draft, detail, server, journal: journalOf('a', 'one'), pauseMs: 1 });
  return { draft, saving, sent };
}

vi.setConfig({ testTimeout: 60_000 });

beforeEach(() => localStorage.clear());

describe(`${COUNT} definitions of every kind`, () => {
  it('are there', () => {
    expect(documents).toHaveLength(COUNT);
    expect(new Set(documents.map(canonical)).size).toBe(COUNT);
  });

  it('are not written when they are opened and drawn', async () => {
    for (const document of documents) {
      const { draft, saving, sent } = opened(document);
      const { definition } = draft.getState();
      const boxes = layoutOf(graphOf(definition, kinds), definition.layout);
      expect(boxes.size).toBeGreaterThan(definition.actions.length);
      expect(await saving.flush()).toBe(true);
      expect(sent).toEqual([]);
      expect(saving.state.getState().phase).toBe('saved');
      saving.stop();
    }
  });

  it('are stored as they were after a change and its undoing', async () => {
    for (const document of documents) {
      const { draft, saving, sent } = opened(document);
      draft.getState().edit('name', (definition) => ({ ...definition, name: 'Other' }));
      await saving.flush();
      draft.temporal.getState().undo();
      await saving.flush();
      saving.stop();
      const [changed = '', back = ''] = sent;
      expect(canonical(JSON.parse(back))).toBe(canonical(document));
      expect(canonical(JSON.parse(changed))).toBe(canonical({ ...document, name: 'Other' }));
    }
  });

  it('are the same through the JSON tab and the clipboard', () => {
    for (const document of documents) {
      const definition = definitionIn(loaded(document));
      expect(canonical(read(textOf(definition), definition, kinds))).toBe(canonical(document));
      expect(canonical(stepsOf(stepsText(definition.actions), kinds))).toBe(canonical(document.actions));
    }
  });

  it('are the same when every step was renamed and named as before', () => {
    for (const document of documents) {
      const definition = definitionIn(loaded(document));
      const ids = Array.from(placesOf(definition, kinds), ({ step }) => step.id);
      let now = definition;
      for (const [index, id] of ids.entries()) now = renamed(now, id, `other_${index}`, kinds);
      expect(canonical(now)).not.toBe(canonical(document));
      for (const [index, id] of ids.entries()) now = renamed(now, `other_${index}`, id, kinds);
      expect(canonical(now)).toBe(canonical(document));
    }
  });
});
