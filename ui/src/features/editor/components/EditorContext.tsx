import { createContext, use } from 'react';
import { useStore } from 'zustand';
import type { components } from '~/api/schema';
import type { Definition } from '../document/definition';
import type { Action, Trigger } from '../document/kinds';
import type { Autosave, Saving } from '../saving/autosave';
import { type DraftStore, useDraft } from '../state/store';

export type Finding = components['schemas']['FindingView'];

/** What one open editor consists of. */
export interface Editor {
  id: string;
  draft: DraftStore;
  saving: Autosave;
  actions: ReadonlyMap<string, Action>;
  triggers: readonly Trigger[];
}

const Context = createContext<Editor | null>(null);

export const EditorProvider = Context.Provider;

export function useEditor(): Editor {
  const editor = use(Context);
  if (!editor) throw new Error('useEditor stands inside an EditorProvider');
  return editor;
}

export function useDefinition<T>(select: (definition: Definition) => T): T {
  return useDraft(useEditor().draft, ({ definition }) => select(definition));
}

export function useSaving<T>(select: (saving: Saving) => T): T {
  return useStore(useEditor().saving.state, select);
}
