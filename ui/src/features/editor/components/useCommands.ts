import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { done, failed } from '~/design/toast';
import { idsOf, placeOf, placesOf } from '../document/bodies';
import { chosenSteps, stepsOf, stepsText } from '../document/clipboard';
import { type Definition, newStep, type Position, type Step } from '../document/definition';
import type { Slot } from '../document/edit';
import * as edit from '../document/edit';
import { asId, freeId } from '../document/ids';
import { exitsOf } from '../document/kinds';
import type { Need } from '../document/needs';
import { withLayout, withRoom } from '../document/positions';
import { useView } from '../state/view';
import { type Editor, useEditor } from './EditorContext';

/** What a new step is of: an action, with a part of its config where that is known. */
export interface Wish {
  type: string;
  config?: Record<string, unknown>;
  id?: string;
}

/** What can be done to the draft, each named for undo; by mouse, by keyboard and in the outline the same. */
export function useCommands() {
  const editor = useEditor();
  const { t } = useTranslation('editor');
  const { t: tApp } = useTranslation();
  return useMemo(() => commandsOf(editor, t, tApp('undo')), [editor, t, tApp]);
}

export type Commands = ReturnType<typeof commandsOf>;
type Say = ReturnType<typeof useTranslation<'editor'>>['t'];

function commandsOf(editor: Editor, t: Say, undoText: string) {
  const { draft, actions } = editor;
  const now = () => draft.getState().definition;
  const view = () => useView.getState();
  const change = (label: string, by: (definition: Definition) => Definition, group?: string) =>
    draft.getState().edit(label, by, group);
  const titleOf = (type: string) => actions.get(type)?.title ?? type;
  const undo = () => draft.temporal.getState().undo();
  const redo = () => draft.temporal.getState().redo();

  function put(steps: Step[], slot: Slot, label: string): void {
    const ids = steps.map(({ id }) => id);
    change(label, (definition) =>
      withRoom(definition, edit.inserted(definition, slot, steps, actions), slot, ids, actions),
    );
    view().select(ids);
    view().insertAt(null);
    view().open('config');
  }

  /** Where something goes that nobody put anywhere: behind what is chosen, else at the end. */
  function slotHere(): Slot {
    const chosen = view().selected.at(-1);
    const behind = chosen ? edit.slotAfter(now(), chosen, actions) : null;
    return behind ?? edit.slotAtEnd(now(), null, actions);
  }

  function paste(text: string): boolean {
    const steps = stepsOf(text, actions);
    if (!steps) return false;
    const copies = edit.copied(now(), steps, actions);
    put(copies, slotHere(), t('did.pasted', { count: copies.length }));
    return true;
  }

  return {
    undo,
    redo,
    slotHere,
    insert(wish: Wish, slot: Slot): string {
      const id = freeId(asId(wish.id ?? wish.type), idsOf(now(), actions));
      const step = { ...newStep(id, wish.type, blankConfig(wish, actions.get(wish.type)?.contains ?? null)) };
      put([step], slot, t('did.added', { name: titleOf(wish.type) }));
      return id;
    },
    remove(ids: readonly string[]): void {
      const count = ids.filter((id) => placeOf(now(), id, actions)).length;
      if (count === 0) return;
      const [first = ''] = ids;
      const place = placeOf(now(), first, actions);
      const next = place?.body.steps[place.index - 1]?.id ?? place?.body.holder?.id;
      change(t('did.deleted', { count }), (definition) => edit.removed(definition, new Set(ids), actions));
      view().select(next && placeOf(now(), next, actions) ? [next] : []);
      done(t('did.deleted', { count }), { label: undoText, act: undo });
    },
    move(id: string, slot: Slot): void {
      change(t('did.moved', { name: id }), (definition) => edit.moved(definition, id, slot, actions));
    },
    connect(from: Need, to: string): void {
      const before = now();
      change(t('did.connected', { from: from.id, to }), (definition) =>
        edit.connected(definition, from, to, actions),
      );
      if (before === now()) failed(new Error(t('cantConnect', { from: from.id, to })));
    },
    disconnect(from: Need, to: string): void {
      change(t('did.disconnected', { from: from.id, to }), (definition) =>
        edit.disconnected(definition, from, to, actions),
      );
    },
    rename(old: string, id: string): boolean {
      const before = now();
      change(t('did.renamed', { from: old, to: id }), (definition) =>
        edit.renamed(definition, old, id, actions),
      );
      if (before === now()) return old === id;
      view().select([id]);
      return true;
    },
    setConfig(id: string, config: Record<string, unknown>): void {
      change(
        t('did.edited', { name: id }),
        (definition) => edit.configured(definition, id, config, actions),
        `config ${id}`,
      );
    },
    setStep(id: string, part: Partial<Step>): void {
      change(
        t('did.edited', { name: id }),
        (definition) => edit.stepChanged(definition, id, (step) => ({ ...step, ...part }), actions),
        `step ${id}`,
      );
    },
    setPart(part: Partial<Definition>, label: string): void {
      change(label, (definition) => ({ ...definition, ...part }), `part ${Object.keys(part).join()}`);
    },
    replace(definition: Definition, group?: string): void {
      change(t('did.json'), () => definition, group);
    },
    arrange(layout: Record<string, Position>, name: string): void {
      change(t('did.moved', { name }), (definition) => withLayout(definition, layout));
    },
    tidy(): void {
      change(t('did.tidied'), (definition) =>
        Object.keys(definition.layout).length === 0 ? definition : withLayout(definition, {}),
      );
    },
    copy(ids: readonly string[]): string | null {
      const steps = chosenSteps(now(), ids, actions);
      return steps.length > 0 ? stepsText(steps) : null;
    },
    paste,
    duplicate(ids: readonly string[]): void {
      const steps = chosenSteps(now(), ids, actions);
      if (steps.length > 0) paste(stepsText(steps));
    },
    selectAll(): void {
      view().select(Array.from(placesOf(now(), actions), ({ step }) => step.id));
    },
    exits(step: Step): string[] {
      return exitsOf(step, actions);
    },
  };
}

/** The fields that a branch needs to be drawn; a container begins empty. */
function blankConfig(wish: Wish, contains: string | null): Record<string, unknown> {
  const given = wish.config ?? {};
  return contains === null || contains in given ? given : { ...given, [contains]: [] };
}
