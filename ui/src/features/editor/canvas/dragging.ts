import type { DragEvent } from 'react';
import type { Wish } from '../components/useCommands';

const TYPE = 'application/x-vutler-action';

export function startDrag(event: DragEvent, wish: Wish): void {
  event.dataTransfer.setData(TYPE, JSON.stringify(wish));
  event.dataTransfer.effectAllowed = 'copy';
  document.body.classList.add('is-dragging-action');
}

export function endDrag(): void {
  document.body.classList.remove('is-dragging-action');
}

export function isActionDrag(event: DragEvent): boolean {
  return event.dataTransfer.types.includes(TYPE);
}

export function draggedAction(event: DragEvent): Wish | null {
  const text = event.dataTransfer.getData(TYPE);
  endDrag();
  return text ? (JSON.parse(text) as Wish) : null;
}
