-- Claims: a bracketed span becomes <data value="..."> in HTML, with its place
-- in the source; elsewhere its words stand as they are. Quarto uses this filter;
-- the other route does the same without it.

local function attribute(text)
  return (text:gsub('&', '&amp;'):gsub('"', '&quot;'):gsub('<', '&lt;'):gsub('>', '&gt;'))
end

function Span(span)
  if not span.classes:includes('claim') then
    return nil
  end
  if not FORMAT:match('html') then
    return span.content
  end
  local place = attribute(span.attributes['data-source'] or span.attributes['source'] or '')
  local value = attribute(span.attributes['data-value'] or span.attributes['value'] or '')
  local id = attribute(span.attributes['data-id'] or span.attributes['id'] or '')
  local open = string.format(
    '<data class="claim" value="%s" data-claim="%s" data-source="%s" title="%s">',
    value, id, place, place)
  local inlines = pandoc.Inlines({ pandoc.RawInline('html', open) })
  inlines:extend(span.content)
  inlines:insert(pandoc.RawInline('html', '</data>'))
  return inlines
end
