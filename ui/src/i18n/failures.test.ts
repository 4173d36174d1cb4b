import i18next from 'i18next';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Problem, problemOf } from '~/api/problem';
import { changeLanguage, startLanguage } from './language';

const refused = (code: string) =>
  problemOf(new Response(null, { status: 403 }), { code, detail: 'Only editors may do this.' });

describe('a failure', () => {
  beforeAll(async () => {
    await startLanguage();
    await changeLanguage('fr');
  });
  afterAll(() => changeLanguage('en'));

  it('is told in the language of the page, by its code', () => {
    expect(refused('role_missing').message).toBe('Votre rôle ne le permet pas.');
    expect(new Problem(0, 'unreachable', 'Vutler cannot be reached.').message).toBe(
      'Vutler est injoignable.',
    );
  });

  it('keeps the sentence of the API', () => {
    expect(refused('role_missing').detail).toBe('Only editors may do this.');
    expect(refused('never_heard_of').message).toBe('Only editors may do this.');
  });

  it('is told as the API tells it to who reads English', async () => {
    await i18next.changeLanguage('en');
    expect(refused('role_missing').message).toBe('Only editors may do this.');
  });
});
