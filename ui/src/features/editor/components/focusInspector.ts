/** To the first field of what is chosen. */
export function focusInspector(): void {
  requestAnimationFrame(() => {
    const inspector = document.querySelector('.editor-inspector');
    const field = inspector?.querySelector<HTMLElement>(
      '.editor-scroll input:not([type=hidden]), .editor-scroll textarea, .editor-scroll [contenteditable=true], .editor-scroll button',
    );
    (field ?? inspector?.querySelector<HTMLElement>('button'))?.focus();
  });
}
