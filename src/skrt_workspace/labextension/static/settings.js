/*
 * JupyterLab's settings where nobody has changed any. JupyterLab makes a checker of each of its sixty schemas when the
 * page is loaded, which takes longer than anything else it does then; but for "nothing was set" there is nothing to
 * check, only the defaults to fill in. What somebody has set is checked as ever.
 */

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);

/* Schemas with these are left to JupyterLab: they may mean more than it takes to fill in defaults. */
const UNUSUAL = ['if', 'dependentSchemas', 'dependencies', 'patternProperties', 'prefixItems', '$dynamicRef'];

class UnusualError extends Error {}

/* Give `value` the defaults that `schema` has for what it lacks, as the library Ajv does with `useDefaults`. */
function fill(schema, value, root) {
  if (!isObject(schema)) {
    return;
  }
  if (UNUSUAL.some(word => word in schema) || Array.isArray(schema.items)) {
    throw new UnusualError();
  }
  if (schema.$ref !== undefined) {
    const parts = /^#\/(definitions|\$defs)\/([^/]+)$/.exec(schema.$ref);
    if (!parts || !isObject(root[parts[1]]) || !(parts[2] in root[parts[1]])) {
      throw new UnusualError();
    }
    fill(root[parts[1]][parts[2]], value, root);
  }
  (schema.allOf || []).forEach(part => fill(part, value, root));
  if (isObject(value)) {
    const properties = schema.properties || {};
    for (const [name, part] of Object.entries(properties)) {
      if (value[name] === undefined && isObject(part) && part.default !== undefined) {
        value[name] = structuredClone(part.default);
      }
    }
    for (const [name, inner] of Object.entries(value)) {
      fill(Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties, inner, root);
    }
  } else if (Array.isArray(value)) {
    value.forEach(inner => fill(schema.items, inner, root));
  }
}

/* What nothing set amounts to; null where that is better asked of JupyterLab. */
export function defaults(schema) {
  const found = {};
  try {
    fill(schema, found, schema);
  } catch (error) {
    if (error instanceof UnusualError) {
      return null;
    }
    throw error;
  }
  return found;
}

/* Have JupyterLab's own checker (the package settingregistry) leave those alone of which nothing was set. */
export function use(settingregistry) {
  const checker = settingregistry.DefaultSchemaValidator.prototype;
  const check = checker.validateData;
  checker.validateData = function (plugin, populate = true) {
    const untouched = populate && /^\s*(\{\s*\})?\s*$/.test(plugin.raw) && isObject(plugin.schema);
    const composite = untouched && plugin.schema.type === 'object' ? defaults(plugin.schema) : null;
    if (composite === null) {
      return check.call(this, plugin, populate);
    }
    plugin.data = { composite, user: {} };
    return null;
  };
}
