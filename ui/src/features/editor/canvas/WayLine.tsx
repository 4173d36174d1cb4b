import { BaseEdge, EdgeLabelRenderer, type EdgeProps, getSmoothStepPath } from '@xyflow/react';
import { memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCommands } from '../components/useCommands';
import { useView } from '../state/view';
import { draggedAction, isActionDrag } from './dragging';
import type { WayEdge } from './flow';

/** A handle's height: half of it stands out above its block, where a way would end. */
const HANDLE = 11;

/** A way between two blocks: its exit's name, and the "+" that takes a click, a key, or a dropped action. */
export const WayLine = memo(function WayLine(props: EdgeProps<WayEdge>) {
  const { t } = useTranslation('editor');
  const commands = useCommands();
  const [over, setOver] = useState(false);
  const [path, x, y] = getSmoothStepPath({ ...props, targetY: props.targetY + HANDLE / 2, borderRadius: 10 });
  const { exit = '', slot } = props.data ?? {};
  if (!slot) return null;
  const open = slot.to === null && (slot.from !== null || props.target.startsWith('@'));
  const names = {
    from: slot.from?.id ?? slot.holder ?? t('trigger'),
    to: slot.to ?? slot.holder ?? t('outputBlock'),
  };
  const label = exit === 'error' ? t('exitError') : exit;
  return (
    <>
      <BaseEdge
        path={path}
        className={`way${exit === 'error' ? ' is-error' : ''}${open ? ' is-open' : ''}`}
      />
      <EdgeLabelRenderer>
        {label && (
          <span
            className={`way-name${exit === 'error' ? ' is-error' : ''}`}
            style={{ transform: `translate(-50%, 0) translate(${props.sourceX}px, ${props.sourceY + 7}px)` }}
          >
            {label}
          </span>
        )}
        <span className={`way-tools nodrag nopan${over ? ' is-over' : ''}`} style={{ left: x, top: y }}>
          <button
            type="button"
            className="way-plus"
            aria-label={exit ? t('insertAtExit', { ...names, exit }) : t('insertBetween', names)}
            data-slot={`${slot.from?.id ?? ''}${exit ? `:${exit}` : ''}>${slot.to ?? ''}`}
            onClick={() => useView.getState().insertAt(slot)}
            onDragOver={(event) => {
              if (!isActionDrag(event)) return;
              event.preventDefault();
              event.dataTransfer.dropEffect = 'copy';
              setOver(true);
            }}
            onDragLeave={() => setOver(false)}
            onDrop={(event) => {
              setOver(false);
              const wish = draggedAction(event);
              if (!wish) return;
              event.preventDefault();
              event.stopPropagation();
              commands.insert(wish, slot);
            }}
          />
          {slot.from && slot.to && (
            <button
              type="button"
              className="way-cut"
              aria-label={t('disconnect', names)}
              onClick={() => slot.from && slot.to && commands.disconnect(slot.from, slot.to)}
            />
          )}
        </span>
      </EdgeLabelRenderer>
    </>
  );
});
