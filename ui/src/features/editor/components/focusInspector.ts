import { useView } from '../state/view';

const FRAMES = 60;

/** To the first field of what is chosen, as soon as its form stands there. */
export function focusInspector(): void {
  seek(FRAMES);
}

function seek(frames: number): void {
  requestAnimationFrame(() => {
    const [chosen = ''] = useView.getState().selected;
    const inspector = document.querySelector<HTMLElement>('.editor-inspector');
    if (frames > 0 && (inspector?.dataset.of ?? '') !== chosen) return seek(frames - 1);
    const field = inspector?.querySelector<HTMLElement>(
      '.editor-scroll input:not([type=hidden]), .editor-scroll textarea, .editor-scroll [contenteditable=true], .editor-scroll button',
    );
    (field ?? inspector?.querySelector<HTMLElement>('button'))?.focus();
  });
}
