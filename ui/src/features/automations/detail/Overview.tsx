import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { AnchorLink } from '~/design/links';
import { When } from '~/design/When';
import { catalogQuery } from '~/features/catalog/queries';
import { ReadOnlyGraph } from '~/features/graph/ReadOnlyGraph';
import { LastRun } from '../components/LastRun';
import { NextTimes } from './NextTimes';
import { type AutomationDetail, versionQuery, waitingQuery } from './queries';
import { WebhookFacts } from './WebhookFacts';

/** The live version as a graph, and what one wants to know of it. */
export function Overview({ automation }: { automation: AutomationDetail }) {
  const { t } = useTranslation('automations');
  const live = useQuery(versionQuery(automation.id, automation.live_version));
  const { data: catalog } = useQuery(catalogQuery());
  const { data: waiting } = useQuery(waitingQuery(automation.id));
  const actions = automation.live_version === null ? automation.actions : live.data?.definition.actions;
  const type = String(live.data?.definition.trigger_type ?? automation.trigger_type ?? '');
  const trigger =
    catalog?.triggers.find((each) => each.name === type || each.aliases.includes(type))?.title ?? type;
  return (
    <div className="automation-overview">
      <div style={{ minWidth: 0 }}>
        {actions !== undefined && (
          <ReadOnlyGraph
            actions={actions}
            trigger={trigger}
            sentences={automation.step_sentences}
            height="max(360px, calc(100dvh - 300px))"
          />
        )}
        {automation.draft_changed && automation.live_version !== null && (
          <Text fz="xs" c="dimmed" mt={4}>
            {t('liveShown', { number: automation.live_version })}
          </Text>
        )}
      </div>
      <Stack gap="lg">
        <section aria-label={t('lastRun')}>
          <Text fz="sm" fw={600} mb={4}>
            {t('lastRun')}
          </Text>
          <Group gap={8}>
            <LastRun automation={automation} />
            <When at={automation.last_run_at} none={t('never')} />
          </Group>
        </section>
        {automation.webhook && <WebhookFacts automation={automation} />}
        {automation.schedules.length > 0 && <NextTimes automationId={automation.id} />}
        {waiting && waiting.versions.length > 0 && (
          <section aria-label={t('waiting')}>
            <Text fz="sm" fw={600} mb={4}>
              {t('waiting')}
            </Text>
            {waiting.versions.map(([version, count]) => (
              <Text key={version} fz="sm">
                <AnchorLink
                  fz="sm"
                  to="/automations/logs"
                  search={{ automation: automation.id, status: 'waiting' }}
                >
                  {t('waitingOn', { count })}
                </AnchorLink>{' '}
                {version === 0 ? t('onDraft') : t('onVersion', { number: version })}
              </Text>
            ))}
            {waiting.isMore && (
              <Text fz="xs" c="dimmed">
                {t('waitingMore')}
              </Text>
            )}
          </section>
        )}
        {automation.findings.length > 0 && (
          <section aria-label={t('findings')}>
            <Text fz="sm" fw={600} mb={4}>
              {t('findings')}
            </Text>
            {automation.findings.map((each) => (
              <Text key={`${each.at} ${each.message}`} fz="sm" c="dimmed">
                {each.at}: {each.message}
              </Text>
            ))}
          </section>
        )}
      </Stack>
    </div>
  );
}
