import { useEffect } from 'react';
import { placeOf } from '../document/bodies';
import { useView } from '../state/view';
import { useEditor } from './EditorContext';

/** Shift + Enter, also in a field: try out the chosen step. */
export function TestKey() {
  const { draft, actions } = useEditor();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !event.shiftKey || event.ctrlKey || event.metaKey) return;
      if (event.target instanceof HTMLElement && event.target.closest('[role=dialog], .cm-editor')) return;
      const { selected, open } = useView.getState();
      const [only] = selected;
      if (!only || selected.length > 1 || !placeOf(draft.getState().definition, only, actions)) return;
      event.preventDefault();
      event.stopPropagation(); // the canvas would take it for choosing several
      open('output');
      requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-test-step]')?.click());
    };
    window.addEventListener('keydown', press, true);
    return () => window.removeEventListener('keydown', press, true);
  }, [draft, actions]);
  return null;
}
