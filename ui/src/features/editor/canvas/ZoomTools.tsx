import { ActionIcon, Group, Tooltip } from '@mantine/core';
import { IconArrowsMaximize, IconLayoutDistributeVertical, IconMinus, IconPlus } from '@tabler/icons-react';
import { type FitViewOptions, useReactFlow } from '@xyflow/react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { isTyping } from '../components/typing';
import { useCommands } from '../components/useCommands';

/** Zoom and order, also by the keys 0 (fit) and 1 (actual size). */
export function ZoomTools({ fit }: { fit: FitViewOptions }) {
  const { t } = useTranslation('editor');
  const flow = useReactFlow();
  const commands = useCommands();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '0') void flow.fitView(fit);
      if (event.key === '1') void flow.zoomTo(1);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [flow, fit]);
  const tools = [
    { label: t('zoomIn'), icon: IconPlus, act: () => void flow.zoomIn() },
    { label: t('zoomOut'), icon: IconMinus, act: () => void flow.zoomOut() },
    { label: t('zoomFit'), icon: IconArrowsMaximize, act: () => void flow.fitView(fit) },
    {
      label: t('tidy'),
      icon: IconLayoutDistributeVertical,
      act: () => {
        commands.tidy();
        requestAnimationFrame(() => void flow.fitView(fit));
      },
    },
  ];
  return (
    <Group gap={4} className="canvas-tools">
      {tools.map(({ label, icon: Icon, act }) => (
        <Tooltip key={label} label={label}>
          <ActionIcon variant="default" size="md" aria-label={label} onClick={act}>
            <Icon size={15} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      ))}
    </Group>
  );
}
