import { Anchor, Center, Group, Paper, Stack, Text } from '@mantine/core';
import { Outlet } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Logo } from '~/design/Logo';
import { changeLanguage, LANGUAGES } from '~/i18n/language';

const NAMES = { en: 'English', fr: 'Français' };

/** The frame around the pages of who is not signed in. */
export function Outside() {
  const { i18n } = useTranslation();
  return (
    <Center component="main" mih="100dvh" p="md" bg="var(--mantine-color-body)">
      <Stack w="100%" maw={400} gap="lg">
        <Group justify="center" gap="xs">
          <Logo />
          <Text fw={650} fz={18}>
            Vutler
          </Text>
        </Group>
        <Paper withBorder p="xl" radius="lg" shadow="xs">
          <Outlet />
        </Paper>
        <Group justify="center" gap="md">
          {LANGUAGES.map((each) => (
            <Anchor
              key={each}
              component="button"
              type="button"
              fz="xs"
              c={i18n.language === each ? undefined : 'dimmed'}
              aria-pressed={i18n.language === each}
              lang={each}
              onClick={() => void changeLanguage(each)}
            >
              {NAMES[each]}
            </Anchor>
          ))}
        </Group>
      </Stack>
    </Center>
  );
}
