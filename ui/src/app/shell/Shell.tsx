import { ActionIcon, AppShell, Burger, Group, Kbd, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { Outlet, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Logo } from '~/design/Logo';
import { Bell } from '~/features/notifications/components/Bell';
import { KeysDialog } from './KeysDialog';
import { OfflineBar } from './OfflineBar';
import { Palette } from './Palette';
import { Sidebar } from './Sidebar';
import { UserMenu } from './UserMenu';
import { useLive } from './useLive';
import { useShortcuts } from './useShortcuts';
import { WorkspaceSwitcher } from './WorkspaceSwitcher';

const PHONE = '(max-width: 47.99em)';

/** The frame of every page of the product. */
export function Shell() {
  const { t } = useTranslation();
  const [open, { toggle, close }] = useDisclosure();
  const path = useLocation({ select: (location) => location.pathname });
  const live = useLive();
  const [keys, { open: showKeys, close: hideKeys }] = useDisclosure();
  useShortcuts(showKeys);
  const phone = useMediaQuery(PHONE, false);
  const opener = useRef<HTMLButtonElement>(null);
  const closer = useRef<HTMLButtonElement>(null);
  const covered = phone && open;
  const shut = () => {
    close();
    requestAnimationFrame(() => opener.current?.focus());
  };
  useEffect(() => {
    if (covered) closer.current?.focus();
  }, [covered]);
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
      <AppShell.Header px="md" inert={covered}>
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap" hiddenFrom="sm">
            <Burger
              ref={opener}
              opened={open}
              onClick={toggle}
              size="sm"
              aria-label={t('shell.menu')}
              aria-expanded={open}
            />
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
              <Kbd size="xs">Ctrl K</Kbd>
            </Group>
          </UnstyledButton>
          <Group gap="xs" wrap="nowrap">
            <ActionIcon
              variant="subtle"
              color="gray"
              size={32}
              hiddenFrom="sm"
              aria-label={t('shell.search')}
              onClick={spotlight.open}
            >
              <IconSearch size={18} stroke={1.6} />
            </ActionIcon>
            <Bell />
            <UserMenu onKeys={showKeys} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar
        p="sm"
        aria-label={t('shell.menu')}
        inert={phone && !open}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && covered) shut();
        }}
      >
        <Group justify="space-between" wrap="nowrap" mb="sm">
          <WorkspaceSwitcher />
          <Burger
            ref={closer}
            opened={open}
            onClick={shut}
            size="sm"
            hiddenFrom="sm"
            aria-label={t('shell.close')}
          />
        </Group>
        <Sidebar />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} inert={covered}>
        <OfflineBar live={live} />
        <Outlet />
      </AppShell.Main>
      <Palette onKeys={showKeys} />
      <KeysDialog opened={keys} onClose={hideKeys} />
    </AppShell>
  );
}
