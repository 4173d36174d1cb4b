import {
  IconArrowsSplit2,
  IconBan,
  IconBolt,
  IconBox,
  IconBraces,
  IconBrandSlack,
  IconBrandYoutube,
  IconClock,
  IconCornerDownLeft,
  IconHandClick,
  IconHourglass,
  IconMail,
  IconMessage,
  IconPlugConnected,
  IconRepeat,
  IconRobot,
  IconRoute,
  IconTable,
  IconThumbUp,
  IconWebhook,
  IconWorld,
  type TablerIcon,
} from '@tabler/icons-react';

/** Pictures of the actions that have one; any other is a box. */
const ACTIONS: Record<string, TablerIcon> = {
  agent: IconRobot,
  approval: IconThumbUp,
  automation: IconRoute,
  branch: IconArrowsSplit2,
  channel: IconMessage,
  delay: IconHourglass,
  email: IconMail,
  fail: IconBan,
  for_each: IconRepeat,
  http: IconWorld,
  mcp: IconPlugConnected,
  respond: IconCornerDownLeft,
  sheets: IconTable,
  slack: IconBrandSlack,
  transform: IconBraces,
  youtube: IconBrandYoutube,
};
const TRIGGERS: Record<string, TablerIcon> = {
  agent_event: IconRobot,
  automation: IconRoute,
  cron: IconClock,
  email: IconMail,
  manual: IconHandClick,
  message: IconMessage,
  webhook: IconWebhook,
};

export function KindIcon({ type, size = 18 }: { type: string; size?: number }) {
  const Icon = ACTIONS[type] ?? IconBox;
  return <Icon size={size} stroke={1.6} aria-hidden />;
}

export function TriggerIcon({ type, size = 18 }: { type: string | null; size?: number }) {
  const Icon = (type && TRIGGERS[type]) || IconBolt;
  return <Icon size={size} stroke={1.6} aria-hidden />;
}
