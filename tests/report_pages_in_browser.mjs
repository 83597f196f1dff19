// Looks at pages in Chromium: `node report_pages_in_browser.mjs CHROMIUM MODULES PAGE...`, MODULES being the folder
// node_modules with axe-core and puppeteer-core. Prints what is wrong, one line each, and nothing where nothing is.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [executablePath, modules, ...files] = process.argv.slice(2);
const find = createRequire(pathToFileURL(`${modules}/`));
const { default: puppeteer } = await import(pathToFileURL(find.resolve('puppeteer-core')));
const axe = readFileSync(find.resolve('axe-core/axe.min.js'), 'utf8');

const SIZES = { phone: 390, desktop: 1280 };
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

async function open(file, width, scheme, bypassesPolicy) {
  const page = await browser.newPage();
  await page.setBypassCSP(bypassesPolicy);
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  return page;
}

async function lookAt(file, name, width, scheme) {
  const at = `${file} (${name}, ${scheme})`;
  const page = await open(file, width, scheme, false);
  const own = pathToFileURL(file).href;
  page.on('console', (message) => console.log(`${at}: the console says ${message.text()}`));
  page.on('pageerror', (error) => console.log(`${at}: a script fails: ${error}`));
  page.on('dialog', (dialog) => { console.log(`${at}: a dialog opens`); return dialog.dismiss(); });
  page.on('request', (request) => {
    if (request.url() !== own) console.log(`${at}: it asks for ${request.url()}`);
  });
  await page.goto(own);
  const seen = await page.evaluate(() => ({
    title: document.title,
    wide: document.documentElement.scrollWidth,
    scripts: document.scripts.length,
    page: getComputedStyle(document.body).backgroundColor,
    bar: getComputedStyle(document.querySelector('.chart rect.well, body')).fill,
    unreachable: [...document.querySelectorAll('.scroll')].filter((one) => one.tabIndex !== 0).length,
  }));
  if (/forged/.test(seen.title)) console.log(`${at}: a script ran`);
  if (seen.scripts > 0) console.log(`${at}: it has scripts`);
  if (seen.wide > width) console.log(`${at}: it is ${seen.wide} wide`);
  if (seen.unreachable > 0) console.log(`${at}: what scrolls cannot be reached with the keyboard`);
  await page.close();

  // The checker is a script, which the page's own policy would not let in.
  const checked = await open(file, width, scheme, true);
  await checked.goto(own);
  await checked.evaluate(axe);
  const { violations, passes } = await checked.evaluate(() => globalThis.axe.run(document));
  if (passes.length < 10) console.log(`${at}: axe checked ${passes.length} rules only`);
  for (const { id, help, nodes } of violations) {
    console.log(`${at}: axe: ${id}: ${help}: ${nodes[0].html.slice(0, 200)}`);
  }
  await checked.close();
  return seen;
}

for (const file of files) {
  for (const [name, width] of Object.entries(SIZES)) {
    const light = await lookAt(file, name, width, 'light');
    const dark = await lookAt(file, name, width, 'dark');
    if (light.page === dark.page) console.log(`${file}: the page is the same in light and dark`);
    if (light.bar !== 'rgb(0, 0, 0)' && light.bar === dark.bar) console.log(`${file}: charts are the same in light and dark`);
  }
}
await browser.close();
