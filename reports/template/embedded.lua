-- What Quarto does by itself and plain Pandoc does not: alternative texts,
-- numbers of figures and tables, headers of rows, boxes that scroll.

local numbers = { fig = 0, tbl = 0 }
local names = { fig = 'Figure', tbl = 'Table' }

local function prefixed(caption, kind)
  -- Typst numbers by itself
  numbers[kind] = numbers[kind] + 1
  if FORMAT:match('html') and #caption.long > 0 then
    local words = pandoc.Inlines({ pandoc.Strong(names[kind] .. ' ' .. numbers[kind]), pandoc.Str('.'), pandoc.Space() })
    words:extend(caption.long[1].content)
    -- a box of its own, which stays in sight while a wide table scrolls
    caption.long[1].content = { pandoc.Span(words, pandoc.Attr('', { 'words' })) }
  end
  return caption
end

-- pairs rather than a table with names, whose order changes from run to run
local function box_attributes(kind)
  return {
    { 'tabindex', '0' },
    { 'role', 'group' },
    { 'aria-label', names[kind] .. ' ' .. numbers[kind] },
  }
end

local function alternative(image)
  return image.attributes['fig-alt'] or pandoc.utils.stringify(image.caption)
end

local function typst_string(text)
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"') .. '"'
end

function Figure(figure)
  local image
  figure = figure:walk({ Image = function(found) image = found end })
  if image == nil then
    return nil
  end
  figure.caption = prefixed(figure.caption, 'fig')
  if FORMAT:match('typst') then
    -- Pandoc's Typst writer has no alternative text
    local blocks = pandoc.Blocks({
      pandoc.RawBlock('typst', string.format('#figure(image(%s, alt: %s), caption: [',
        typst_string(image.src), typst_string(alternative(image)))),
    })
    blocks:extend(figure.caption.long)
    blocks:insert(pandoc.RawBlock('typst', '])'))
    return blocks
  end
  local alt = alternative(image)
  figure = figure:walk({
    Image = function(found)
      found.caption = pandoc.Inlines({ pandoc.Str(alt) })
      found.attributes['fig-alt'] = nil
      return found
    end,
  })
  local box = pandoc.Div(figure.content, pandoc.Attr('', { 'scroll' },
    box_attributes('fig')))
  figure.content = pandoc.Blocks({ box })
  return figure
end

function Table(grid)
  grid.caption = prefixed(grid.caption, 'tbl')
  for _, row in ipairs(grid.head.rows) do
    for _, cell in ipairs(row.cells) do
      cell.attributes.scope = 'col'
    end
  end
  for _, body in ipairs(grid.bodies) do
    body.row_head_columns = 1
    for _, row in ipairs(body.body) do
      row.cells[1].attributes.scope = 'row'
    end
  end
  for place, spec in ipairs(grid.colspecs) do
    if spec[1] == 'AlignDefault' then
      -- Typst would take over the centring of the figure around the table
      grid.colspecs[place] = { 'AlignLeft', spec[2] }
    end
  end
  if FORMAT:match('html') then
    return pandoc.Div({ grid }, pandoc.Attr('', { 'scroll' },
      box_attributes('tbl')))
  end
  return grid
end

return { { Figure = Figure, Table = Table } }
