/* arguments.mjs: long flags with values. An unknown flag is a mistake and says so. */
export function read(usage, defaults) {
  const values = { ...defaults };
  const given = process.argv.slice(2);
  for (let i = 0; i < given.length; i++) {
    const [name, inline] = given[i].replace(/^--/, "").split(/=(.*)/s);
    if (given[i] === "--help") { console.log(usage); process.exit(0); }
    if (!given[i].startsWith("--") || !(name in defaults)) refuse(usage, `there is no flag ${given[i]}`);
    const value = inline ?? given[++i];
    if (value === undefined) refuse(usage, `--${name} needs a value`);
    values[name] = typeof defaults[name] === "number" ? Number(value) : value;
    if (Number.isNaN(values[name])) refuse(usage, `--${name} must be a number`);
  }
  return values;
}

export function refuse(usage, why) {
  console.error(`${why}\n${usage}`);
  process.exit(2);
}
