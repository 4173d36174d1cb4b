import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { done } from '~/design/toast';
import { neighbour } from '../graph/walking';
import { useView } from '../state/view';
import { useEditor } from './EditorContext';
import { focusInspector } from './focusInspector';
import type { Dialog } from './TopBar';
import { isTyping } from './typing';
import { useCommands } from './useCommands';

/** The editor's keys. In fields they are the field's own, and Tab goes on as everywhere. */
export function useKeyboard(show: (dialog: Dialog) => void): void {
  const { t } = useTranslation('editor');
  const { saving, draft, actions } = useEditor();
  const commands = useCommands();
  const { mutate: save } = useMutation({ mutationFn: () => saving.flush() });
  useEffect(() => {
    const view = () => useView.getState();
    const chosen = () => view().selected.filter((id) => !id.startsWith('@'));

    function withModifier(event: KeyboardEvent): boolean {
      const key = event.key.toLowerCase();
      if (key === 's') save();
      else if (isTyping(event.target)) return false;
      else if (key === 'z') event.shiftKey ? commands.redo() : commands.undo();
      else if (key === 'y') commands.redo();
      else if (key === 'd') commands.duplicate(chosen());
      else if (key === 'a' && view().face === 'canvas') commands.selectAll();
      else return false;
      return true;
    }

    function plain(event: KeyboardEvent): boolean {
      const [only] = view().selected.slice(-1);
      const idle = document.activeElement === document.body || document.activeElement === null;
      if (event.key === 'Delete' || event.key === 'Backspace') commands.remove(chosen());
      else if (event.key === 'F2' && only && !only.startsWith('@')) view().rename(true);
      else if (event.key === '?') show('keys');
      else if (event.key === 'n') view().insertAt(commands.slotHere());
      else if (event.key === 'Escape') view().select([]);
      else if (event.key === 'Enter' && only && (idle || onCanvas(event))) focusInspector();
      else if (
        event.key.startsWith('Arrow') &&
        only &&
        view().face === 'canvas' &&
        (idle || onCanvas(event))
      ) {
        const next = neighbour(draft.getState().definition, only, event.key, actions);
        if (!next) return true;
        view().select([next]);
        document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(next)}"]`)?.focus();
      } else return false;
      return true;
    }

    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const taken =
        (event.ctrlKey || event.metaKey) && !event.altKey
          ? withModifier(event)
          : !event.altKey && !isTyping(event.target) && plain(event);
      if (!taken) return;
      event.preventDefault();
      event.stopPropagation();
    };
    const copy = (event: ClipboardEvent, cut: boolean) => {
      if (isTyping(event.target) || String(window.getSelection())) return;
      const ids = chosen();
      const text = commands.copy(ids);
      if (text === null) return;
      event.clipboardData?.setData('text/plain', text);
      event.preventDefault();
      if (cut) commands.remove(ids);
      else done(t('copied', { count: ids.length }));
    };
    const onCopy = (event: ClipboardEvent) => copy(event, false);
    const onCut = (event: ClipboardEvent) => copy(event, true);
    const onPaste = (event: ClipboardEvent) => {
      if (isTyping(event.target)) return;
      if (commands.paste(event.clipboardData?.getData('text/plain') ?? '')) event.preventDefault();
    };
    window.addEventListener('keydown', press, true);
    window.addEventListener('copy', onCopy);
    window.addEventListener('cut', onCut);
    window.addEventListener('paste', onPaste);
    return () => {
      window.removeEventListener('keydown', press, true);
      window.removeEventListener('copy', onCopy);
      window.removeEventListener('cut', onCut);
      window.removeEventListener('paste', onPaste);
    };
  }, [commands, draft, actions, save, show, t]);
}

function onCanvas(event: KeyboardEvent): boolean {
  return event.target instanceof HTMLElement && event.target.classList.contains('react-flow__node');
}
