// The HTTP contract as an outside program uses it.

export class Client {
  constructor(url, { token } = {}) {
    this.url = url;
    this.token = token;
    this.cookie = undefined;
  }

  /** `{ status, headers, text, json }`; `json` is undefined where the body is none. */
  async request(method, path, { body, headers = {}, signal } = {}) {
    const response = await fetch(this.url + path, { method, body, headers: this.headers(headers), signal });
    const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
    if (cookie) this.cookie = cookie;
    const bytes = Buffer.from(await response.arrayBuffer());
    const answer = { status: response.status, headers: response.headers, bytes, text: bytes.toString('utf8') };
    if (response.headers.get('content-type')?.startsWith('application/json')) answer.json = JSON.parse(answer.text);
    return answer;
  }

  headers(more = {}) {
    const headers = { ...more };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (this.cookie) {
      headers.cookie = this.cookie;
      headers.origin ??= this.url;
    }
    return headers;
  }

  get(path, options) {
    return this.request('GET', path, options);
  }

  delete(path) {
    return this.request('DELETE', path);
  }

  #json(method, path, value, headers = {}) {
    return this.request(method, path, {
      body: JSON.stringify(value),
      headers: { 'content-type': 'application/json', origin: this.url, ...headers },
    });
  }

  post(path, value, headers) {
    return this.#json('POST', path, value, headers);
  }

  patch(path, value) {
    return this.#json('PATCH', path, value);
  }

  put(path, value) {
    return this.#json('PUT', path, value);
  }

  /** Creates a person with photos (Buffers). */
  createPerson(person, photos = [], query = '') {
    const form = new FormData();
    form.append('person', new Blob([JSON.stringify(person)], { type: 'application/json' }));
    photos.forEach((photo, index) => form.append('photo', new Blob([photo]), `${index}.jpg`));
    return this.request('POST', `/api/v1/people${query}`, { body: form });
  }

  frame(feed, bytes, { type = 'image/jpeg', ...headers } = {}) {
    return this.request('POST', `/api/v1/feeds/${feed}/frames`, {
      body: bytes,
      headers: { 'content-type': type, ...headers },
    });
  }

  /** Every item of a paged list. */
  async all(path) {
    const items = [];
    let after;
    do {
      const query = `${path.includes('?') ? '&' : '?'}limit=100${after ? `&after=${encodeURIComponent(after)}` : ''}`;
      const answer = await this.get(path + query);
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
      items.push(...answer.json.items);
      after = answer.json.next;
    } while (after);
    return items;
  }

  /** Server-sent events, one by one: `{ event, id, data }`. Ends when `signal` aborts. */
  async *events(path, { lastEventId, signal } = {}) {
    const headers = this.headers({ accept: 'text/event-stream' });
    if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
    const response = await fetch(this.url + path, { headers, signal });
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    let buffer = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      buffer += decoder.decode(chunk, { stream: true }).replaceAll('\r', '');
      let end;
      while ((end = buffer.indexOf('\n\n')) >= 0) {
        const event = parseEvent(buffer.slice(0, end));
        buffer = buffer.slice(end + 2);
        if (event.data !== undefined) yield event;
      }
    }
  }
}

function parseEvent(block) {
  const event = { event: 'message' };
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const field = line.slice(0, colon);
    event[field] = field === 'data' && event.data !== undefined ? `${event.data}\n${value}` : value;
  }
  return event;
}
