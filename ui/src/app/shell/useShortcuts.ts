import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { PAGES } from './pages';

/** The letters that follow G, by page. */
export const LETTERS = {
  agents: 'g',
  automations: 'a',
  runs: 'r',
  approvals: 'p',
  channels: 'c',
  marketplace: 'm',
  connections: 'o',
  usage: 'u',
  settings: 's',
} as const satisfies Record<(typeof PAGES)[number]['name'], string>;

const TOGETHER_MS = 1200;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** An open dialog holds the focus; one that is on its way out does not any more. */
function isInDialog(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[role=dialog]') !== null;
}

/** G and a letter goes to a page, `?` shows the keys. Pages with keys of their own come first. */
export function useShortcuts(showKeys: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let began = Number.NEGATIVE_INFINITY;
    const isOurs = (event: KeyboardEvent) =>
      !(event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) &&
      !isTyping(event.target) &&
      !isInDialog(event.target);
    // Before any page sees it: on some of them the letter alone does something.
    const second = (event: KeyboardEvent) => {
      const follows = performance.now() - began < TOGETHER_MS;
      began = Number.NEGATIVE_INFINITY;
      const page = follows && isOurs(event) && PAGES.find(({ name }) => LETTERS[name] === event.key);
      if (!page) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void navigate({ to: page.to });
    };
    const first = (event: KeyboardEvent) => {
      if (!isOurs(event)) return;
      if (event.key === 'g') began = performance.now();
      else if (event.key === '?') showKeys();
    };
    window.addEventListener('keydown', second, true);
    window.addEventListener('keydown', first);
    return () => {
      window.removeEventListener('keydown', second, true);
      window.removeEventListener('keydown', first);
    };
  }, [navigate, showKeys]);
}
