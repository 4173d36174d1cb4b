import { AppShell, Burger, Group, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { Outlet, useLocation } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Logo } from '~/design/Logo';
import { Bell } from '~/features/notifications/components/Bell';
import { OfflineBar } from './OfflineBar';
import { Palette } from './Palette';
import { Sidebar } from './Sidebar';
import { UserMenu } from './UserMenu';
import { useLive } from './useLive';
import { WorkspaceSwitcher } from './WorkspaceSwitcher';

/** The frame of every page of the product. */
export function Shell() {
  const { t } = useTranslation();
  const [open, { toggle, close }] = useDisclosure();
  const path = useLocation({ select: (location) => location.pathname });
  const live = useLive();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the menu of phones
  useEffect(close, [path]);
  return (
    <AppShell
      layout="alt"
      header={{ height: 48 }}
      navbar={{ width: 228, breakpoint: 'sm', collapsed: { mobile: !open } }}
      padding={{ base: 'md', sm: 'lg' }}
    >
      <a className="skip-link" href="#main">
        {t('shell.skip')}
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap" hiddenFrom="sm">
            <Burger opened={open} onClick={toggle} size="sm" aria-label={t('shell.menu')} />
            <Logo size={22} />
          </Group>
          <UnstyledButton
            onClick={spotlight.open}
            visibleFrom="sm"
            px="sm"
            h={32}
            w={320}
            style={{ border: 'var(--shell-edge)', borderRadius: 7 }}
          >
            <Group gap="xs" justify="space-between" wrap="nowrap">
              <Group gap={8} wrap="nowrap">
                <IconSearch size={15} stroke={1.6} aria-hidden />
                <Text fz="sm" c="dimmed">
                  {t('shell.search')}
                </Text>
              </Group>
              <Text fz="xs" c="dimmed">
                Ctrl K
              </Text>
            </Group>
          </UnstyledButton>
          <Group gap="xs" wrap="nowrap">
            <Bell />
            <UserMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label={t('shell.menu')}>
        <Group justify="space-between" wrap="nowrap" mb="sm">
          <WorkspaceSwitcher />
          <Burger opened={open} onClick={toggle} size="sm" hiddenFrom="sm" aria-label={t('shell.close')} />
        </Group>
        <Sidebar />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <OfflineBar live={live} />
        <Outlet />
      </AppShell.Main>
      <Palette />
    </AppShell>
  );
}
