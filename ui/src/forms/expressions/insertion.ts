import { template } from './drag';

interface Place {
  element: HTMLElement;
  insert: (path: string) => void;
}

let last: Place | null = null;

/** The field that takes the value that is clicked next. */
export function focusOn(target: EventTarget, insert: (path: string) => void): void {
  if (target instanceof HTMLElement && !target.closest('[data-sample-tree]'))
    last = { element: target, insert };
}

/** Put the path of a value where the caret was last. False: no field of a form had the focus. */
export function insertPath(path: string): boolean {
  if (!last?.element.isConnected) return false;
  const { element, insert } = last;
  if (isEditable(element)) typeInto(element, template(path));
  else insert(path);
  return true;
}

function isEditable(element: HTMLElement): element is HTMLTextAreaElement | HTMLInputElement {
  return (
    element instanceof HTMLTextAreaElement ||
    (element instanceof HTMLInputElement && element.type === 'text' && element.dataset.plain !== undefined)
  );
}

/** Dropped text goes to the letter that it was dropped on. */
export function typeAt(
  element: HTMLTextAreaElement | HTMLInputElement,
  { clientX, clientY }: { clientX: number; clientY: number },
  text: string,
): void {
  const found = document.caretPositionFromPoint?.(clientX, clientY);
  const at = found?.offsetNode === element ? found.offset : element.value.length;
  element.focus();
  element.setSelectionRange(at, at);
  typeInto(element, text);
}

/** As if it had been typed: the field's own undo takes it back. */
export function typeInto(element: HTMLTextAreaElement | HTMLInputElement, text: string): void {
  element.focus();
  if (typeof document.execCommand === 'function' && document.execCommand('insertText', false, text)) return;
  const { selectionStart, selectionEnd, value } = element;
  element.setRangeText(text, selectionStart ?? value.length, selectionEnd ?? value.length, 'end');
  element.dispatchEvent(new Event('input', { bubbles: true }));
}
