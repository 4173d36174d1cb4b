import type { DragEvent } from 'react';

const TYPE = 'application/x-vutler-path';

export const template = (path: string) => `{{ ${path} }}`;

export function dragPath(event: DragEvent, path: string): void {
  event.dataTransfer.setData(TYPE, path);
  event.dataTransfer.setData('text/plain', template(path));
  event.dataTransfer.effectAllowed = 'copy';
}

/** The path of a value that is dragged over here; its text can be read when it is dropped, and "" before. */
export function droppedPath(event: DragEvent, over = false): string | null {
  if (!event.dataTransfer.types.includes(TYPE)) return null;
  return over ? '' : event.dataTransfer.getData(TYPE);
}
