import { AnyControl, ScalarControl, UnionControl } from './fields/alternatives';
import { ConditionControl } from './fields/Condition';
import { ChoiceControl, ChoicesControl } from './fields/choices';
import type { ControlProps } from './fields/control';
import { DictControl } from './fields/Dict';
import { FormControl } from './fields/FormBuilder';
import { GroupControl } from './fields/GroupControl';
import { JsonText } from './fields/Json';
import { ListControl } from './fields/ListControl';
import { ConstantControl, NumberControl, SecretControl, TextControl, ToggleControl } from './fields/plain';
import { ReferenceControl } from './fields/Reference';
import { isObject } from './schema';

/** The control for a shape. A value that it could not show without loss is shown as JSON. */
export function Control(props: ControlProps) {
  const { shape, value } = props;
  if (!canShow(props)) {
    return (
      <JsonText
        id={props.id}
        label={props.label}
        described={props.described}
        disabled={props.disabled}
        value={value}
        onChange={props.onChange}
      />
    );
  }
  switch (shape.kind) {
    case 'text':
      return <TextControl {...props} shape={shape} />;
    case 'secret':
      return <SecretControl {...props} shape={shape} />;
    case 'number':
      return <NumberControl {...props} shape={shape} />;
    case 'toggle':
      return <ToggleControl {...props} shape={shape} />;
    case 'choice':
      return <ChoiceControl {...props} shape={shape} />;
    case 'choices':
      return <ChoicesControl {...props} shape={shape} />;
    case 'scalar':
      return <ScalarControl {...props} shape={shape} />;
    case 'reference':
      return <ReferenceControl {...props} shape={shape} />;
    case 'list':
      return <ListControl {...props} shape={shape} />;
    case 'dict':
      return <DictControl {...props} shape={shape} />;
    case 'group':
      return <GroupControl {...props} shape={shape} />;
    case 'union':
      return <UnionControl {...props} shape={shape} />;
    case 'condition':
      return <ConditionControl {...props} shape={shape} />;
    case 'form':
      return <FormControl {...props} shape={shape} />;
    case 'constant':
      return <ConstantControl {...props} shape={shape} />;
    case 'any':
      return <AnyControl {...props} shape={shape} />;
  }
}

function canShow({ shape, value }: ControlProps): boolean {
  if (value === undefined || value === null) return true;
  switch (shape.kind) {
    case 'text':
    case 'secret':
    case 'reference':
      return typeof value !== 'object';
    case 'number':
      return typeof value === 'number' || typeof value === 'string';
    case 'toggle':
      return typeof value === 'boolean';
    case 'dict':
    case 'group':
    case 'condition':
    case 'form':
      return isObject(value);
    case 'list':
      return !isObject(value) || shape.items.type === 'object';
    default:
      return true;
  }
}
