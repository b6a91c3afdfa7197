-- Quarto uses this filter; the other route does the same without it.
-- A claim, <span class="claim">, becomes <data value="..."> in HTML, with its place in the
-- source; elsewhere its words stand as they are.
-- Quarto prints the alternative text of a picture only where it is an attribute.

local function attribute(text)
  return ((text or ''):gsub('&', '&amp;'):gsub('"', '&quot;'):gsub('<', '&lt;'):gsub('>', '&gt;'))
end

function Span(span)
  if not span.classes:includes('claim') then
    return nil
  end
  if not FORMAT:match('html') then
    return span.content
  end
  local given = span.attributes
  local place = attribute(given['data-source'] or given['source'])
  local open = string.format(
    '<data class="claim" value="%s" data-claim="%s" data-source="%s" title="%s">',
    attribute(given['data-value'] or given['value']), attribute(given['data-id']), place, place)
  local inlines = pandoc.Inlines({ pandoc.RawInline('html', open) })
  inlines:extend(span.content)
  inlines:insert(pandoc.RawInline('html', '</data>'))
  return inlines
end

function Image(image)
  if not image.attributes['fig-alt'] then
    image.attributes['fig-alt'] = pandoc.utils.stringify(image.caption)
  end
  return image
end
