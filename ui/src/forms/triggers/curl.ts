import type { WebhookState } from './webhookQueries';

const SAMPLE = '{"hello": "world"}';
const HOLDER = '$SECRET';

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A line for a shell that sends an event; without the secret it is taken from the shell's variable SECRET. */
export function curlLine({ url, style }: Pick<WebhookState, 'url' | 'style'>, secret: string | null): string {
  const json = ["-H 'Content-Type: application/json'", `-d ${quoted(SAMPLE)}`];
  if (style === null) {
    const header = secret ? quoted(`X-Webhook-Secret: ${secret}`) : `"X-Webhook-Secret: ${HOLDER}"`;
    return [`curl ${quoted(url)}`, `-H ${header}`, ...json].join(' \\\n  ');
  }
  const key = secret ? quoted(secret) : `"${HOLDER}"`;
  const set = `SECRET=${secret ? key : '…'}; BODY=${quoted(SAMPLE)}; T=$(date +%s)`;
  const hex = (signed: string, of: string) =>
    `SIGNED=$(printf %s ${signed} | openssl dgst -sha256 -hmac ${of} | sed 's/.* //')`;
  const send = (...headers: string[]) =>
    [
      `curl ${quoted(url)}`,
      ...headers.map((each) => `-H "${each}"`),
      "-H 'Content-Type: application/json'",
      '-d "$BODY"',
    ].join(' \\\n  ');
  switch (style) {
    case 'github':
      return [
        set,
        hex('"$BODY"', '"$SECRET"'),
        send('X-Hub-Signature-256: sha256=$SIGNED', 'X-GitHub-Delivery: test-$T'),
      ].join('\n');
    case 'slack':
      return [
        set,
        hex('"v0:$T:$BODY"', '"$SECRET"'),
        send('X-Slack-Signature: v0=$SIGNED', 'X-Slack-Request-Timestamp: $T'),
      ].join('\n');
    case 'stripe':
      return [set, hex('"$T.$BODY"', '"$SECRET"'), send('Stripe-Signature: t=$T,v1=$SIGNED')].join('\n');
    case 'standard':
      return [
        set,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own braces
        'KEY=$(printf %s "${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d " \\n")',
        'SIGNED=$(printf %s "test-$T.$T.$BODY" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary | base64)',
        send('webhook-id: test-$T', 'webhook-timestamp: $T', 'webhook-signature: v1,$SIGNED'),
      ].join('\n');
  }
}
