const MOST = 60_000;

/** A value to read: as much of it as a page can show at once. */
export function JsonView({ value, label }: { value: unknown; label: string }) {
  const text = JSON.stringify(value, null, 2) ?? 'null';
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
    <section className="json-view" tabIndex={0} aria-label={label}>
      {text.length > MOST ? `${text.slice(0, MOST)}\n…` : text}
    </section>
  );
}
