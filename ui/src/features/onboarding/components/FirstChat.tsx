import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ChatTab } from '~/features/agents/components/ChatTab';
import { agentQuery } from '~/features/agents/queries';
import { DeployedView } from '~/features/templates/components/DeployedView';
import type { Deployed } from '~/features/templates/queries';

/** The agent that was just deployed, to talk with; or what it still lacks. */
export function FirstChat({ deployed }: { deployed: Deployed }) {
  const { data } = useQuery(agentQuery(deployed.agent.id));
  if (deployed.missing.length > 0) return <DeployedView deployed={deployed} />;
  return <Stack>{data ? <ChatTab agent={data.agent} /> : <Skeleton height={160} aria-busy="true" />}</Stack>;
}
