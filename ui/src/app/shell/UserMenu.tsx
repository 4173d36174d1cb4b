import { Avatar, Menu, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { IconApi, IconCheck, IconKeyboard, IconLogout, IconSettings } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { leave } from '~/api/session';
import { MenuItemLink } from '~/design/links';
import { failed } from '~/design/toast';
import { meQuery } from '~/features/accounts/queries';
import { changeLanguage, LANGUAGES, type Language } from '~/i18n/language';

const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', fr: 'Français' };
const SCHEMES = ['light', 'dark', 'auto'] as const;

export function UserMenu({ onKeys }: { onKeys: () => void }) {
  const { t, i18n } = useTranslation();
  const { data } = useQuery(meQuery());
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const signOut = useMutation({
    // The stream and the queries stop first: none of them asks with a token that has just ended.
    mutationFn: () => {
      leave();
      return answer(api.POST('/api/auth/logout'));
    },
    onError: (error) => failed(error),
  });
  const speak = (language: Language) => {
    void changeLanguage(language);
    answer(api.PATCH('/api/me', { body: { locale: language } })).catch(failed);
  };
  const chosen = (is: boolean) => (is ? <IconCheck size={15} aria-label={t('shell.current')} /> : null);
  return (
    <Menu width={250} closeOnItemClick={false}>
      <Menu.Target>
        <UnstyledButton aria-label={t('shell.account')}>
          <Avatar size={28} color="indigo" variant="light" aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text fz="sm" fw={600} c="var(--mantine-color-text)">
            {data?.user.name}
          </Text>
          <Text fz="xs" truncate>
            {data?.user.email}
          </Text>
        </Menu.Label>
        <Menu.Divider />
        <Menu.Label>{t('shell.theme')}</Menu.Label>
        {SCHEMES.map((scheme) => (
          <Menu.Item
            key={scheme}
            onClick={() => setColorScheme(scheme)}
            rightSection={chosen(scheme === colorScheme)}
          >
            {t(`shell.schemes.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Label>{t('shell.language')}</Menu.Label>
        {LANGUAGES.map((each) => (
          <Menu.Item
            key={each}
            lang={each}
            onClick={() => speak(each)}
            rightSection={chosen(each === i18n.language)}
          >
            {LANGUAGE_NAMES[each]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <MenuItemLink to="/settings" leftSection={<IconSettings size={15} />}>
          {t('pages.settings')}
        </MenuItemLink>
        <Menu.Item leftSection={<IconKeyboard size={15} />} onClick={onKeys} closeMenuOnClick>
          {t('shell.keys')}
        </Menu.Item>
        <Menu.Item component="a" href="/api/docs" target="_blank" leftSection={<IconApi size={15} />}>
          {t('shell.api')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => signOut.mutate()}>
          {t('shell.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
