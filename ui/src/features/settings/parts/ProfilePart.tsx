import {
  Button,
  Group,
  Input,
  SegmentedControl,
  Select,
  Stack,
  TextInput,
  useMantineColorScheme,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { ButtonLink } from '~/design/links';
import { done, failed } from '~/design/toast';
import { accountKeys } from '~/features/accounts/queries';
import { changeLanguage, LANGUAGES } from '~/i18n/language';
import type { PartProps } from './props';

const LANGUAGE_NAMES = { en: 'English', fr: 'Français' };
const SCHEMES = ['light', 'dark', 'auto'] as const;
const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

/** Who one is: name, language, time zone, appearance. */
export function ProfilePart({ me: { user } }: PartProps) {
  const { t } = useTranslation('settings');
  const { t: tApp } = useTranslation();
  const client = useQueryClient();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const form = useForm({ initialValues: { name: user.name, locale: user.locale, timezone: user.timezone } });
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const save = useMutation({
    mutationFn: ({ locale, ...rest }: typeof form.values) =>
      answer(api.PATCH('/api/me', { body: { ...rest, locale: locale === 'fr' ? 'fr' : 'en' } })),
    onSuccess: async ({ locale }) => {
      form.resetDirty();
      void client.invalidateQueries({ queryKey: accountKeys.me });
      await changeLanguage(locale === 'fr' ? 'fr' : 'en');
      done(t('saved'));
    },
    onError: (error) => {
      form.setErrors(fieldErrors(error));
      failed(error);
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack maw={440}>
        <TextInput label={t('name')} autoComplete="name" {...form.getInputProps('name')} />
        <TextInput
          label={t('email')}
          value={user.email}
          readOnly
          description={user.email_verified_at ? t('verified') : t('notVerified')}
        />
        <Select
          label={t('language')}
          data={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
          allowDeselect={false}
          {...form.getInputProps('locale')}
        />
        <Select
          label={t('timezone')}
          description={here !== form.values.timezone ? t('zoneHere', { zone: here }) : undefined}
          data={ZONES.includes(form.values.timezone) ? ZONES : [form.values.timezone, ...ZONES]}
          searchable
          allowDeselect={false}
          {...form.getInputProps('timezone')}
        />
        <Stack gap={4}>
          <Input.Label labelElement="div" id="appearance">
            {tApp('shell.theme')}
          </Input.Label>
          <SegmentedControl
            aria-labelledby="appearance"
            data={SCHEMES.map((value) => ({ value, label: tApp(`shell.schemes.${value}`) }))}
            value={colorScheme}
            onChange={(value) => setColorScheme(SCHEMES.find((each) => each === value) ?? 'auto')}
          />
        </Stack>
        <Group>
          <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
            {t('save')}
          </Button>
          <ButtonLink to="/onboarding" variant="subtle" color="gray">
            {t('onboarding')}
          </ButtonLink>
        </Group>
      </Stack>
    </form>
  );
}
