import { Box, Group } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { PageHeader } from '~/design/PageHeader';
import classes from './ChannelFrame.module.css';
import { ChannelList } from './ChannelList';

interface Props {
  /** Of the channel that is open; on a phone it takes the place of the list. */
  openId?: string;
  /** Search results take it as well. */
  covers?: boolean;
  children: ReactNode;
}

/** The channels on the left, what is open on the right; one of them on a phone. */
export function ChannelFrame({ openId, covers = openId !== undefined, children }: Props) {
  const { t } = useTranslation('channels');
  return (
    <Group wrap="nowrap" align="stretch" gap={0} className={classes.frame}>
      <Box className={classes.list} visibleFrom={covers ? 'sm' : undefined}>
        {!covers && (
          <Box hiddenFrom="sm">
            <PageHeader title={t('title')} />
          </Box>
        )}
        <ChannelList openId={openId} />
      </Box>
      <Box className={classes.open} visibleFrom={covers ? undefined : 'sm'}>
        {children}
      </Box>
    </Group>
  );
}
