"""Words for every code: refusals, reasons, objectives, states and acts, in Chinese and English.

Everything below `web` speaks in codes with numbers; this is the one place where they become sentences. A sentence names its numbers
in braces; a number whose name ends in `_ms` is written as a duration. Words that a county may change (kinds of incidents,
capabilities, items …) stand in its policy files and are only looked up here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from data.layers import Layer
from data.locate import Location
from data.policies import Policy
from dispatch.cards import LAST_GRADE
from dispatch.model import Capability, Position
from gis.atlas import Drawn, Neighbour, Sheet
from gis.directions import Step
from web import i18n
from web.i18n import Lang

Pair = tuple[str, str]  # Chinese, English

PROBLEMS: Final[Mapping[str, Pair]] = {
    # who and whence
    "not_signed_in": ("请先登录。", "Please sign in first."),
    "login_wrong": ("用户名或密码不正确。", "The name or the password is wrong."),
    "logins_busy": (
        "登录请求过多，请在 {wait_s} 秒后再试。",
        "Too many people are signing in; try again in {wait_s} seconds.",
    ),
    "too_many_logins": (
        "失败次数过多，请在 {wait_s} 秒后再试。",
        "Too many failed attempts; try again in {wait_s} seconds.",
    ),
    "not_allowed": ("您的角色没有这项权限。", "Your role does not hold this act."),
    "metrics_closed": (
        "监控数据只对本机或持有令牌的监控系统开放。",
        "Figures are for this machine, or for the monitoring that holds the token.",
    ),
    "csrf_token_wrong": (
        "表单已失效，请刷新页面后再提交。",
        "The form is out of date; reload the page and send it again.",
    ),
    "origin_wrong": (
        "请求不是由本系统页面发出的，已拒绝。",
        "The request did not come from a page of this system and was refused.",
    ),
    "call_link_wrong": (
        "叫应链接无效或已被新链接取代。",
        "This link of a call is not valid, or a newer one has replaced it.",
    ),
    "call_link_expired": (
        "叫应链接已过期，请直接致电指挥部。",
        "This link of a call has expired; telephone headquarters.",
    ),
    "call_token_wrong": (
        "叫应回执的令牌无效，或本机未设置接收回执。",
        "The token of answers to calls is not valid, or none is set here.",
    ),
    "link_wrong": (
        "指令链接无效或已被新链接取代。",
        "This order link is not valid, or a newer one has replaced it.",
    ),
    # a county's file
    "county_file_unreadable": (
        "这不是本系统导出的县域数据包，或文件已损坏（{why}）。",
        "This is no county file of this system, or it is damaged ({why}).",
    ),
    "county_file_too_large": (
        "数据包解压后超过 {most_bytes} 字节。",
        "Unpacked the file is larger than {most_bytes} bytes.",
    ),
    "county_file_without_people": (
        "该数据包不含人员信息，只供查看，不能导入。",
        "The file was made without people: it is to be looked at, and cannot be brought in.",
    ),
    "layer_of_people": (
        "图层“{layer}”全部是人员信息，不能在不含人员信息的情况下导出。",
        "The layer “{layer}” is about people: nothing of it is left without them.",
    ),
    "county_file_newer": (
        "数据包来自更新的版本（{file}，本机 {here}），请先升级程序。",
        "The file is of a newer release ({file}; here {here}): bring the program up to date first.",
    ),
    "county_file_changed": (
        "数据包中的 {file} 与清单校验和不符，未导入任何内容。",
        "{file} in the file differs from its checksum in the manifest; nothing was imported.",
    ),
    "county_file_unfit": (
        "数据包与本机已有数据冲突（规则 {rule}），未导入任何内容。",
        "The file conflicts with what is here (rule {rule}); nothing was imported.",
    ),
    # jobs
    "no_such_job": ("没有任务 {id}。", "There is no job {id}."),
    "job_failed": (
        "任务意外中断，未写入任何内容；原因已记入服务器日志。",
        "The job broke off and wrote nothing; the server's log has the reason.",
    ),
    "job_lost": (
        "处理该任务的进程已停止，未写入任何内容，请重新开始。",
        "The process that worked on it has ended; nothing was written. Begin again.",
    ),
    # requests
    "fields_invalid": (
        "有内容未填写或格式不对：{fields}。",
        "Something is missing or cannot be read: {fields}.",
    ),
    "body_unreadable": ("无法读取提交的内容。", "What was sent cannot be read."),
    "no_such_address": ("没有这个页面。", "There is no such page."),
    "method_not_allowed": ("这个地址不接受该操作。", "This address does not take that act."),
    "http_error": ("请求未能完成。", "The request could not be completed."),
    "ledger_refused": ("文件被拒绝：{why}。", "The file was refused: {why}."),
    "no_such_batch": ("没有编号为 {id} 的批次。", "There is no batch {id}."),
    "no_such_ledger_sheet": ("没有这张工作表。", "There is no such sheet."),
    "ledger_file_gone": (
        "原文件已不再保存，请重新上传。",
        "The file is no longer kept; please send it again.",
    ),
    "ledger_closed": ("这一批已不能再更改或写入。", "This batch can no longer be changed or applied."),
    "ledger_stale": (
        "预览之后库中有 {rows} 行变了（{names}），没有写入；请重新预览。",
        "{rows} rows have changed in the store since the preview ({names}); nothing was written. Preview again.",
    ),
    "ledger_faulty": (
        "有 {rows} 处不能写入，按“全部或不写”没有写入任何一行。",
        "{rows} rows or sheets cannot be taken; all or nothing was asked, so nothing was written.",
    ),
    "ledger_row_refused": (
        "第 {rows} 行不能写入（{why}），没有写入任何一行。",
        "Row {rows} cannot be taken ({why}); nothing was written.",
    ),
    "ledger_opens_gap": (
        "这一批会使 {area_m2} 平方米没有责任网格，没有写入。",
        "This batch would leave {area_m2} m² without a grid; nothing was written.",
    ),
    "ledger_not_applied": ("这一批没有写入过，或已经撤回。", "This batch is not applied, or was undone."),
    "ledger_changed_since": (
        "之后又有 {rows} 行被改动（{names}），不能整批撤回。",
        "{rows} rows were changed since ({names}); the batch cannot be undone.",
    ),
    "ledger_used_since": (
        "之后有 {rows} 行已被使用（{names}），不能整批撤回。",
        "{rows} rows are in use since ({names}); the batch cannot be undone.",
    ),
    "request_reused": (
        "同一提交编号已用于另一项操作，请刷新页面后重试。",
        "This request number was used for something else; reload the page and try again.",
    ),
    "one_place_wanted": (
        "请用坐标、村、网格或场所之一说明位置。",
        "Say where by exactly one of position, village, grid or place.",
    ),
    "position_unreadable": (
        "经纬度应为数字，例如 111.25、36.10。",
        "Longitude and latitude must be numbers, such as 111.25 and 36.10.",
    ),
    "time_unreadable": ("时间无法读取。", "The time cannot be read."),
    "radius_unreadable": ("半径应为整数米。", "The radius must be whole metres."),
    "text_unstorable": (
        "内容含有无法保存的字符。",
        "It holds characters that cannot be kept.",
    ),
    "no_incident_chosen": ("请至少勾选一起险情。", "Tick at least one incident."),
    "wish_unreadable": ("对力量的指定无法读取。", "A word about a unit cannot be read."),
    "no_such_place": ("没有找到“{words}”。", "Nothing is called “{words}”."),
    "place_ambiguous": ("“{words}”对应多处，请改用编号。", "“{words}” names more than one; use its code."),
    "unknown_incident_type": ("没有这种险情类型：{type}。", "There is no such kind of incident: {type}."),
    "unknown_act": ("没有这一步操作：{act}。", "There is no such step: {act}."),
    "must_change_password": (
        "请先把他人设置的密码改成自己的密码。",
        "First change the password that somebody else has set.",
    ),
    "old_password_wrong": ("原密码不正确。", "The password until now is wrong."),
    "passwords_differ": ("两次输入的新密码不一致。", "The new password was not typed alike twice."),
    "password_unchanged": ("新密码与原密码相同。", "The new password is the old one."),
    "password_has_name": ("密码不能包含用户名。", "The password must not hold the name."),
    "password_too_common": (
        "这个密码太常见或太简单，请换一个。",
        "This password is among those that everybody tries first; choose another.",
    ),
    "seal_unreadable": (
        "封印应为“编号:哈希”，请按原样粘贴。",
        "A seal is NUMBER:HASH; paste it as it was printed.",
    ),
    "no_such_session": ("这次登录已经结束。", "That login has ended already."),
    "unknown_role": ("没有这种角色：{role}。", "There is no such role: {role}."),
    "township_without_area": (
        "乡镇账号必须指定所属乡镇。",
        "An account for a township needs the township it is for.",
    ),
    "outside_your_area": (
        "该位置不在您所辖的区域内，请由辖区或上级办理。",
        "This is outside your area; its own post or the county acts there.",
    ),
    "not_your_command": (
        "这一事件或队伍不由您指挥。",
        "This incident or team is not under your command.",
    ),
    "county_leads_already": ("该事件已由县级指挥。", "The county leads this incident already."),
    "no_such_aid": ("没有这份支援请求。", "There is no such request for mutual aid."),
    "no_such_partner": (
        "不能向 {area} 请求支援：须是同级的其他区域。",
        "{area} cannot be asked: it must be another area of the same level.",
    ),
    "asked_already": (
        "已就该事件向 {area} 请求支援，尚未结束。",
        "{area} was asked for this incident already, and that request has not ended.",
    ),
    "aid_without_units": ("请至少选择一支队伍或一座仓库。", "Choose at least one team or depot."),
    "reason_wanted": ("请写明理由。", "A reason is needed."),
    "not_your_unit": (
        "{id} 号队伍或仓库不属于被请求的区域。",
        "Unit {id} does not belong to the area that was asked.",
    ),
    "team_taken": ("{id} 号队伍正在执行任务或已借出。", "Team {id} is busy or lent already."),
    "lent_units_busy": (
        "借来的力量还有未完成的指令，不能结束。",
        "Units that were lent still have open orders; end those first.",
    ),
    "no_such_area": ("没有代码为 {area} 的行政区。", "There is no area with the code {area}."),
    "no_such_team": ("没有这支队伍。", "There is no such team."),
    "no_such_vehicle": ("没有这台车辆。", "There is no such vehicle."),
    "no_such_tracker": ("没有这台定位终端。", "There is no such tracker."),
    "tracker_wrong": ("定位终端的令牌无效或已停用。", "The tracker's token is not valid, or was revoked."),
    "nobody_under_way": (
        "这份指令没有人在途，不需要报告位置。",
        "Nobody is under way on this order; no position is wanted.",
    ),
    "sending_too_often": (
        "发送过于频繁，请在 {wait_s} 秒后再试。",
        "Sending too often; try again in {wait_s} seconds.",
    ),
    "no_such_village": ("没有找到村“{words}”。", "No village is called “{words}”."),
    "no_such_shelter": ("没有找到避难场所“{words}”。", "There is no shelter “{words}”."),
    "unknown_task": ("没有这项任务：{tasks}。", "There is no such task: {tasks}."),
    "no_such_depot": ("没有这座储备库。", "There is no such depot."),
    "no_such_lot": ("没有这批物资。", "There is no such lot."),
    "stock_promised": (
        "已有 {promised} 预留给指令，盘点数 {counted} 不能少于它。",
        "{promised} are promised to orders; {counted} counted is less than that.",
    ),
    "unknown_report": ("这起险情不需要这项报告。", "This incident does not owe that report."),
    "edited_meanwhile": (
        "您填写期间，{by} 改动了同样的内容；两种写法都列在下面，再次保存即以您的为准。",
        "{by} changed the same while you were typing. Both versions are shown; saving again keeps yours.",
    ),
    "unknown_field": ("没有字段“{field}”。", "There is no field “{field}”."),
    "field_invalid": ("字段“{field}”的值不符合要求。", "The value of the field “{field}” is not allowed."),
    "place_incomplete": ("必填项为空，未保存。", "A required value is missing; nothing was saved."),
    "no_such_file": ("没有文件 {file}。", "There is no file {file}."),
    "no_such_outline": ("数据中没有这个边界。", "The extract has no such outline."),
    "file_kind_unfit": (
        "此图层不能写成“{file}”这种格式。",
        "This layer cannot be written as a file like “{file}”.",
    ),
    "export_unclear": (
        "导出的格式、表头或人员选项不对。",
        "The format, headers or people of the export are unknown.",
    ),
    "box_unclear": (
        "范围应为“西, 南, 东, 北”四个经纬度，西小于东，南小于北。",
        "A box is four degrees: west, south, east, north, each pair in rising order.",
    ),
    "file_not_written": ("无法写入文件“{file}”：{why}。", "The file “{file}” cannot be written: {why}."),
    "extract_unreadable": ("数据文件无法读取。", "The extract cannot be read."),
    "no_such_sheet": ("没有这幅图（{land}）。", "There is no such sheet ({land})."),
    "no_sheets": ("没有符合条件的图幅。", "No sheet is of what was asked for."),
    "no_such_layer": ("没有图层“{layer}”。", "There is no layer “{layer}”."),
    "no_such_tile": ("没有这张底图。", "There is no such tile."),
    "raster_unreadable": (
        "“{file}”不是可读取的高程栅格（GeoTIFF、.hgt 或其 zip）。{why}",
        "“{file}” is no raster that can be read (GeoTIFF, .hgt, or one of them zipped). {why}",
    ),
    "raster_without_crs": (
        "“{file}”没有坐标系，无法定位。请在 GIS 软件中为它指定坐标系。",
        "“{file}” has no coordinate system, so nobody knows where it lies. Assign one in a GIS.",
    ),
    "raster_elsewhere": (
        "“{file}”与本县范围没有重叠。",
        "“{file}” and the county have no land in common.",
    ),
    "no_online_map": ("没有设置在线底图。", "No online map is set."),
    "online_map_away": ("在线底图暂时无法访问。", "The online map is out of reach at present."),
    "points_unreadable": (
        "需要 2 至 20 个点，写作 经度,纬度;经度,纬度",
        "Between 2 and 20 points are needed, as longitude,latitude;longitude,latitude",
    ),
    "bbox_unreadable": (
        "范围应为西、南、东、北四个度数。",
        "The box must be west, south, east and north in degrees.",
    ),
    "geometry_kind_wrong": ("图形应为点、线或面。", "The shape must be a point, a line or an area."),
    "geometry_unreadable": ("图形无法读取。", "The shape cannot be read."),
    "geometry_invalid": ("图形无效。", "The shape is not valid."),
    "geometry_outside_the_world": ("坐标超出范围。", "The coordinates are out of range."),
    "time_without_offset": ("时间缺少时区。", "The time has no offset from UTC."),
    "window_ends_before_it_starts": ("结束时间早于开始时间。", "The window ends before it starts."),
    # what is not there
    "no_such_incident": ("没有这起险情。", "There is no such incident."),
    "no_such_plan": ("没有这份方案。", "There is no such plan."),
    "no_such_call": ("没有这次叫应。", "There is no such call."),
    "not_called": ("这次叫应没有呼叫该人员。", "That person was not called."),
    "no_grid_there": (
        "这里没有该主题的责任网格，无法确定责任链。",
        "No responsibility grid of this theme is there, so there is no chain to call.",
    ),
    "call_reaches_nobody": (
        "责任链上没有任何责任人，请先在网格中登记人员。",
        "Nobody is responsible anywhere along this chain; enter people for its grids first.",
    ),
    "call_without_incident": (
        "险情叫应必须从一起险情发起。",
        "A call about an incident begins at an incident.",
    ),
    "answer_time_wrong": (
        "应答时间应在叫应之后、现在之前。",
        "The answer must lie between the call and now.",
    ),
    "no_such_order": ("没有这份指令。", "There is no such order."),
    "no_such_closure": ("没有这条管制记录。", "There is no such closure."),
    "account_disabled": ("账号“{name}”已停用。", "The account {name} is disabled."),
    "key_life_wrong": ("密钥有效期应为 1 至 {most} 天。", "A key lives 1 to {most} days."),
    "unknown_parameter": ("地址中有不认识的参数：{names}。", "The address has unknown parameters: {names}."),
    "parameter_unreadable": ("无法读取参数“{name}”。", "The parameter {name} cannot be read."),
    "no_such_feature": ("图层“{layer}”中没有编号为 {id} 的要素。", "The layer {layer} has no feature {id}."),
    "plan_keeps_everything": (
        "该方案不终止任何指令，直接确认即可。",
        "This plan ends nothing: confirm it as it is.",
    ),
    "no_such_hazard_area": ("没有这个危险区。", "There is no such danger area."),
    "no_such_account": ("没有这个账号。", "There is no such account."),
    # accounts
    "name_taken": ("用户名“{name}”已被使用。", "The name “{name}” is taken."),
    "password_too_short": ("密码至少 {least} 位。", "The password needs at least {least} characters."),
    "last_administrator": ("至少要保留一名管理员。", "One administrator must remain."),
    "link_expired": (
        "指令链接已过期，请向指挥部索取新链接。",
        "This order link has expired; ask headquarters for a new one.",
    ),
    "not_your_order": ("这个链接不能打开该指令。", "This link does not open that order."),
    # plans
    "plan_outdated": (
        "方案生成后情况有变，未下达任何指令，请重新生成方案。",
        "Things have changed since this plan was made; nothing was sent. Propose again.",
    ),
    "roads_changed": (
        "方案生成后重新导入了路网，请重新生成方案。",
        "The roads were imported anew since this plan was made. Propose again.",
    ),
    "plan_sends_nobody": (
        "方案没有派出任何力量，无法下达。",
        "This plan sends nobody, so there is nothing to confirm.",
    ),
    # roads
    "no_road_network": (
        "尚未导入路网，无法计算方案。",
        "No road network was imported yet, so nothing can be planned.",
    ),
    # the server's own troubles
    "database_busy": (
        "数据库正忙，请稍候再试；重复提交只会执行一次。",
        "The database is busy. Try again in a moment; what is sent twice is done once.",
    ),
    "disk_full": (
        "服务器磁盘空间不足，这一步没有保存；已有内容仍可查看。请管理员清理磁盘后再试。",
        "The server's disk is full, so this was not stored; what is there can still be read. Try again when an administrator has made room.",
    ),
    # messages and shifts
    "message_empty": ("消息不能为空。", "A message needs words."),
    "no_such_message": ("没有这条消息。", "There is no such message."),
    "own_message": ("不能确认自己发出的消息。", "You cannot acknowledge your own message."),
    "no_such_handover": ("没有这份交接班记录。", "There is no such handover."),
    "taker_wanted": ("请填写接班人。", "Say who takes the shift over."),
    # undoing
    # responsibility grids
    "no_such_grid": ("没有编号为 {grid} 的网格。", "There is no grid {grid}."),
    "no_such_person": ("没有编号为 {person} 的人员。", "There is no person with the code {person}."),
    "no_such_duty": ("没有这项责任分工（{duty}）。", "There is no such duty ({duty})."),
    "no_such_theme": ("没有网格类别“{theme}”。", "There is no theme “{theme}”."),
    "no_such_preview": ("这份预览已不再保存，请重新生成。", "This preview is no longer kept; make it again."),
    "place_missing": (
        "请输入坐标、北斗网格码、编号或名称。",
        "Give coordinates, a BeiDou code, a code or a name.",
    ),
    "unknown_duty_role": ("没有责任“{role}”（{rank}角）。", "There is no role “{role}” ({rank})."),
    "duty_not_begun": (
        "该责任自 {valid_from} 起，不能在此之前结束。",
        "The duty begins on {valid_from} and cannot end before.",
    ),
    "grids_changed": (
        "预览之后网格已有变动，请重新预览。",
        "The grids have changed since the preview; look at a new one.",
    ),
    "nothing_to_mend": ("没有可自动修复的细小问题。", "There is nothing small enough to be mended."),
    "grid_not_leaf": (
        "{grid} 不是最小一级网格，只有最小一级网格可以这样修改。",
        "{grid} is no leaf; only leaf grids can be changed so.",
    ),
    "grid_choose": ("请选中 {count} 个网格。", "Choose {count} grid(s)."),
    "grid_choose_several": ("请选中 2 至 {most} 个网格。", "Choose 2 to {most} grids."),
    "grid_no_line": ("请先画一条线（至少两个点）。", "Draw a line first, of two points or more."),
    "grid_crosses_itself": ("画的线自己相交。", "The line crosses itself."),
    "grid_does_not_split": (
        "这条线没有穿过网格，请从一侧边界画到另一侧边界。",
        "The line does not cut the grid: draw it from border to border.",
    ),
    "grid_too_small": ("分出的网格不足 2,000 平方米。", "A part would have less than 2,000 square metres."),
    "grid_different_parents": ("这些网格不属于同一个上级网格。", "These grids have different parents."),
    "grid_not_adjacent": (
        "这些网格不相邻，或只在一点相接。",
        "These grids do not touch, or only at a point.",
    ),
    "grid_ends_elsewhere": (
        "新界线的两端要落在原来的界线上。",
        "Both ends of the new border must lie on the old one.",
    ),
    "grid_leaves_the_pair": ("新界线进入了第三个网格。", "The new border runs through a third grid."),
    "grid_cuts_in_parts": ("这样会把网格断成几块。", "A grid would fall into pieces."),
    "grid_swallows_a_cell": (
        "这样会让一个网格消失；请改用合并。",
        "One of the grids would vanish; merge them instead.",
    ),
    "grid_no_villages": (
        "{area} 范围内没有可划分的村级网格或边界。",
        "There are no village grids to divide in {area}.",
    ),
    "grid_wish_incomplete": (
        "划分方式“{method}”缺少必要的参数，或参数不合理。",
        "The method “{method}” lacks a value, or has one that cannot be.",
    ),
    "grid_cannot_be_made": ("无法这样划分：{why}。", "It cannot be divided so: {why}."),
    "grid_too_many": (
        "将产生 {cells} 个网格，超过上限 {most} 个。",
        "It would make {cells} cells; {most} is the most.",
    ),
    "grid_file_unreadable": (
        "文件中没有可用的面图形（{why}）。",
        "The file has no polygons that can be used ({why}).",
    ),
    "no_such_entry": ("时间线中没有第 {number} 条。", "The timeline has no number {number}."),
    "undone_already": ("这一步已经撤回（第 {by} 条）。", "This was taken back already (no. {by})."),
    "undo_overtaken": (
        "之后又有新的操作（第 {by} 条），不能直接撤回。",
        "Something newer stands in the way (no. {by}), so it cannot be taken back.",
    ),
    "undo_told_outside": (
        "已通知到人，不能撤回；请另行下达。",
        "People have been told; it cannot be taken back. Send a new word instead.",
    ),
    "undo_asked_first": (
        "该操作经过确认，不能撤回。",
        "It was confirmed beforehand and cannot be taken back.",
    ),
    "undo_not_kept": (
        "系统未保留之前的内容，不能撤回。",
        "What was there before is not kept; it cannot be taken back.",
    ),
    "undo_write_again": (
        "请按时间线中的原内容重新填写。",
        "Write the earlier words again; the timeline has them.",
    ),
    "plan_made_anew": (
        "这是对执行中方案的调整：请按现在的情况重新生成调整方案。",
        "This plan changes a running one: propose the change anew, from what is known now.",
    ),
    "plan_replaces": (
        "该方案已替换之前的指令，不能整体撤回；请逐份撤销指令。",
        "This plan has replaced earlier orders; cancel the orders one by one.",
    ),
    "plan_answered": (
        "已有力量答复，不能整体撤回；请逐份撤销指令。",
        "Somebody has answered already; cancel the orders one by one.",
    ),
    # states
    "already_done": ("这一步已经完成。", "This step was already done."),
    "not_in_this_state": ("当前状态下不能执行这一步。", "This is not possible in the present state."),
    "village_called_already": (
        "该村已有未完成的叫应指令。",
        "This village has an open order for this incident already.",
    ),
    "orders_open": ("仍有未完成的指令，不能办结。", "Orders are still open, so it cannot be closed."),
}

EARLIEST_OF_ALL: Final[Pair] = (
    "{total_ms}到位，是 {candidates} 个可选中最快的。",
    "In effect after {total_ms}, the soonest of {candidates} candidates.",
)

# What has changed under a plan: field → sentence; {name} is who, {was} and {now} are before and after.
CHANGES: Final[Mapping[str, Pair]] = {
    "state": ("拟终止的指令 {id} 号状态已变。", "Order {id}, which would end, has moved on. "),
    "gone": ("{name}已不在册。", "{name} is no longer there. "),
    "new": (
        "方案路线上新增了道路管制或危险区。",
        "A road on its way was closed or slowed, or lies in a new danger area. ",
    ),
    "type": ("险情类型已变。", "The kind of incident changed. "),
    "level": ("响应级别由 {was} 改为 {now}。", "The level went from {was} to {now}. "),
    "priority": ("险情权重由 {was} 改为 {now}。", "The priority went from {was} to {now}. "),
    "radius_m": ("影响半径由 {was} 米改为 {now} 米。", "The radius went from {was} m to {now} m. "),
    "position": ("{name}的位置已变。", "{name} is somewhere else. "),
    "needs": ("险情需求已变。", "The needs changed. "),
    "notify_ms": ("{name}的通知时间已变。", "{name} takes another time to notify. "),
    "assemble_ms": ("{name}的集结时间已变。", "{name} takes another time to assemble. "),
    "consent_ms": ("{name}的许可时间已变。", "{name} takes another time to get consent. "),
    "loading_ms": ("{name}的装载时间已变。", "{name} takes another time to load. "),
    "activation_ms": ("物资启用时间已变。", "Goods take another time to be released. "),
    "status": ("{name}已不可用。", "{name} is no longer available. "),
    "available": ("{name}已不可用。", "{name} is no longer available. "),
    "open": ("{name}已关闭。", "{name} is closed. "),
    "strength": ("{name}的在岗人数由 {was} 变为 {now}。", "{name} went from {was} to {now} heads. "),
    "capabilities": ("{name}的能力已变。", "The capabilities of {name} changed. "),
    "profile": ("{name}的车辆规格已变。", "The vehicle of {name} changed. "),
    "kind": ("{name}的车型已变。", "{name} is another kind of vehicle. "),
    "load_kg": (
        "{name}的载重由 {was} 千克变为 {now} 千克。",
        "{name} carries {now} kg instead of {was} kg. ",
    ),
    "quantity": ("库存不足：原有 {was}，现余 {now}。", "Too little stock: {was} before, {now} now. "),
}

TROUBLES: Final[Mapping[str, Pair]] = {
    "disk_nearly_full": (
        "服务器磁盘将满，很快将无法保存新的操作，请立即通知管理员清理磁盘。",
        "The server's disk is nearly full: soon nothing more can be stored. Tell the administrator at once.",
    ),
    "clock_off": (
        "服务器时钟早于最近一次操作的时间，时间和倒计时可能不准，请通知管理员校时。",
        "The server's clock stands before the last act: times and countdowns may be wrong. Tell the administrator.",
    ),
    "clock_jumped": (
        "服务器时钟刚刚向前跳变，时间和倒计时可能不准，请通知管理员校时。",
        "The server's clock has just jumped ahead: times and countdowns may be wrong. Tell the administrator.",
    ),
}
REASONS: Final[Mapping[str, Pair]] = {
    # why it goes
    "pinned": ("指挥长指定出动；{total_ms}到位。", "The commander's word; in effect after {total_ms}."),
    "only_one": (
        "只有它能承担这项需求；{total_ms}到位。",
        "Nobody else can meet this need; in effect after {total_ms}.",
    ),
    "earliest": (
        "{total_ms}到位；在 {candidates} 个可选中，比它更快的 {sooner} 个也都已出动。",
        "In effect after {total_ms}; of {candidates} candidates the {sooner} that are sooner all go as well.",
    ),
    "in_time": (
        "{total_ms}到位，不晚于全部力量到位的 {completion_ms}；更快的 {sooner_free} 个可留作他用。",
        "In effect after {total_ms}, within the {completion_ms} that the incident needs anyhow; {sooner_free} sooner one(s) stay free.",
    ),
    "bottleneck": (
        "它是最后到位的一项：全部到位要等它的 {total_ms}。",
        "It is the last piece: the incident waits {total_ms} for it.",
    ),
    # why it may not be sent at all
    "committed": ("正在执行其他指令。", "It is out on another order."),
    "off_duty": ("不在班。", "It is off duty."),
    "resting": ("正在休整。", "It is resting."),
    "stale": ("状态长时间未更新，不能确认可用。", "Its last report is too old to rely on."),
    "unavailable": ("当前不可用。", "It is not available."),
    "no_strength": ("没有在岗人员。", "Nobody is on duty in it."),
    "closed": ("库房关闭。", "The depot is closed."),
    "empty": ("没有可用库存。", "Nothing is left in it."),
    "no_carrier": ("没有可用的运输车辆。", "It has no free vehicle to carry goods."),
    "banned": ("指挥长指定不得出动。", "The commander's word: it must not go."),
    "lent_elsewhere": (
        "外援力量，只借给另一起事件。",
        "It was lent by another area, and to another incident.",
    ),
    # why it does not fit
    "lacks_capability": ("没有所需的能力。", "It lacks every capability that is needed."),
    "grade_too_low": (
        "等级为 {grade} 级，需要 {wanted} 级及以上。",
        "It is of grade {grade}; grade {wanted} or better is needed.",
    ),
    "too_few_heads": (
        "在岗 {strength} 人，少于最低 {wanted} 人。",
        "It has {strength} heads, fewer than the least of {wanted}.",
    ),
    "wrong_kind": ("不需要这种车辆。", "No vehicle of its kind is needed."),
    "lacks_item": ("没有所需的物资。", "It holds nothing that is needed."),
    "load_too_small": (
        "运输车载重 {load_kg} 千克，装不下每件 {unit_kg} 千克的物资。",
        "Its carriers take {load_kg} kg, less than one piece of {unit_kg} kg.",
    ),
    # why it cannot get there
    "unreachable": ("没有可通行的道路到达。", "No road leads there."),
    "unreachable_closure": ("道路被封（管制 {closure} 号），无法到达。", "Closure {closure} cuts it off."),
    "unreachable_zone": ("必经道路在危险区内，无法到达。", "Its way lies in the hazard zone."),
    "unreachable_rule": ("必经道路此时禁行，无法到达。", "A rule closes its way at this hour."),
    "unreachable_limit": (
        "车辆超过道路的限重、限高、限宽或四驱要求，无法到达。",
        "Its vehicle is over a limit of weight, height or width, or lacks four-wheel drive.",
    ),
    # why the plan would be worse with it
    "cannot_replace": (
        "它需 {total_ms}；派它会使别的需求无法满足。",
        "It would take {total_ms}; sending it leaves another need unmet.",
    ),
    "later": (
        "它需 {total_ms}，会使力量到位推迟 {by_ms}。",
        "It would take {total_ms} and make help {by_ms} later.",
    ),
    "kept_for_coverage": (
        "它需 {total_ms}；留守可保障所在乡镇。",
        "It would take {total_ms}; it stays to cover its township.",
    ),
    "no_need_left": (
        "它需 {total_ms}；需求已由更合适的力量满足。",
        "It would take {total_ms}; what it could do is done without it.",
    ),
    "longer_road": (
        "它需 {total_ms}；同样结果下行车时间更长。",
        "It would take {total_ms}; the same result with more time on the road.",
    ),
    "fixed_order": (
        "它需 {total_ms}；结果完全相同，按固定次序选了另一个。",
        "It would take {total_ms}; equal in everything, another came first in the fixed order.",
    ),
    "not_proven": (
        "它需 {total_ms}；限时内未能证明不用它更好。",
        "It would take {total_ms}; within the time it was not proven that another is better.",
    ),
    # why the commander's word could not be followed
    "pin_incident_not_open": (
        "指定未采纳：险情不在处置中。",
        "Your word was not taken: the incident is not open.",
    ),
    "pin_banned": (
        "指定未采纳：它同时被指定不得出动。",
        "Your word was not taken: it must not go by another word of yours.",
    ),
    "pin_elsewhere": (
        "指定未采纳：它已被指定去另一处。",
        "Your word was not taken: it must go elsewhere by another word of yours.",
    ),
    "pin_not_possible": (
        "指定未采纳：它不能承担这里的任何需求。",
        "Your word was not taken: it can meet no need here.",
    ),
}

TIERS: Final[Mapping[str, Pair]] = {
    "unmet_critical": ("关键需求缺口（×权重）", "Critical need unmet (× priority)"),
    "unmet_other": ("其他需求缺口（×权重）", "Other need unmet (× priority)"),
    "time_critical": ("最后一项关键力量到位（×权重）", "Last critical help in effect (× priority)"),
    "time_rest": ("全部力量到位（×权重）", "All help in effect (× priority)"),
    "coverage": ("乡镇覆盖缺口（人×权重）", "Coverage missing in townships (heads × weight)"),
    "orders": ("出动单元数", "Units sent"),
    "road": ("行车时间合计", "Time on the road, all together"),
    "tie_break": ("固定次序", "Fixed order"),
}
SHARE_TIERS: Final = frozenset({"unmet_critical", "unmet_other"})  # in parts per 10 000
TIME_TIERS: Final = frozenset({"time_critical", "time_rest", "road"})  # in ms

# What another plan changes: more or later, fewer or sooner.
TIME_CHANGES: Final[Mapping[str, tuple[Pair, Pair]]] = {
    "critical_ms": (
        ("关键力量晚 {time}", "critical help {time} later"),
        ("关键力量早 {time}", "critical help {time} sooner"),
    ),
    "all_ms": (
        ("全部力量晚 {time}", "all help {time} later"),
        ("全部力量早 {time}", "all help {time} sooner"),
    ),
}
TIER_CHANGES: Final[Mapping[str, tuple[Pair, Pair]]] = {
    "coverage": (
        ("乡镇覆盖缺口增加 {n}", "coverage missing rises by {n}"),
        ("乡镇覆盖缺口减少 {n}", "coverage missing falls by {n}"),
    ),
    "orders": (("多派 {n} 个单元", "{n} more sent"), ("少派 {n} 个单元", "{n} fewer sent")),
    "road": (
        ("合计多行车 {n}", "{n} more on the road in all"),
        ("合计少行车 {n}", "{n} less on the road in all"),
    ),
}

# Fields of forms that a browser may send wrongly, as their labels call them.
FORM_FIELDS: Final[Mapping[str, Pair]] = {
    "type": ("类型", "type"),
    "level": ("响应级别", "level"),
    "name": ("名称", "name"),
    "password": ("密码", "password"),
    "reason": ("原因", "reason"),
    "status": ("状态", "state"),
    "strength": ("在岗人数", "heads on duty"),
    "quantity": ("盘点数", "counted on hand"),
    "note": ("备注", "note"),
    "open": ("状态", "state"),
    "in_service": ("状态", "state"),
}

INCIDENT_FIELDS: Final[Mapping[str, Pair]] = {
    "reporter_name": ("报告人姓名", "Caller's name"),
    "reporter_phone": ("报告人电话", "Caller's phone"),
    "name": ("简称", "Short name"),
    "radius_m": ("半径（米）", "Radius (m)"),
    "position": ("位置（经度, 纬度）", "Position (longitude, latitude)"),
    "description": ("描述", "Description"),
}

# Clocks that run on an incident besides the reports that it owes.
DEADLINES: Final[Mapping[str, Pair]] = {
    "answer": ("队伍应答", "Answer of a team"),
    "effect": ("力量到位", "Help in effect"),
}

# Why a new plan may be needed.
TRIGGERS: Final[Mapping[str, Pair]] = {
    "no_answer": ("{n} 条指令超时未应答", "{n} order(s) without an answer in time"),
    "refused": ("{n} 条指令被拒绝，任务尚无人承担", "{n} order(s) refused, and nobody does it yet"),
    "late": ("{n} 支力量已过预计到位时间", "{n} unit(s) overdue at the scene"),
    "far": ("{n} 支力量位置过远，无法按时到位", "{n} unit(s) too far away to be there in time"),
    "grown": ("需求增加：{n} 项尚未安排", "More is needed: {n} need(s) not ordered yet"),
    "road_closed": (
        "{n} 支力量的路线上出现管制或危险区",
        "{n} unit(s) have a new closure or danger area on their way",
    ),
    "road_opened": ("{n} 处管制或危险区已解除", "{n} closure(s) or danger area(s) ended"),
}

VEHICLE_CLASSES: Final[Mapping[str, Pair]] = {
    "car": ("小型车", "light vehicle"),
    "truck": ("货车（12 吨）", "truck of 12 t"),
    "heavy": ("重型机械（38 吨）", "heavy machine of 38 t"),
}

SERVED_KINDS: Final[Mapping[str, Pair]] = {
    "village": ("村", "Villages"),
    "shelter": ("避难场所", "Shelters"),
    "team": ("救援队伍", "Teams"),
    "depot": ("物资库", "Depots"),
}

INCIDENT_STATES: Final[Mapping[str, Pair]] = {
    "open": ("处置中", "open"),
    "closed": ("已办结", "closed"),
    "cancelled": ("已撤销", "cancelled"),
}

FOUND_KINDS: Final[Mapping[str, Pair]] = {
    "area": ("区划", "area"),
    "village": ("村", "village"),
    "grid": ("网格", "grid"),
    "place": ("点位", "place"),
    "team": ("队伍", "team"),
    "depot": ("储备库", "depot"),
    "road": ("道路", "road"),
    "incident": ("事件", "incident"),
    "person": ("责任人", "person in charge"),
    "position": ("坐标", "position"),
}
"""What a search finds."""

AREA_LEVELS: Final[Mapping[str, Pair]] = {
    "province": ("省", "province"),
    "city": ("市", "city"),
    "county": ("县", "county"),
    "township": ("乡镇", "township"),
    "village": ("村", "village"),
}

SPEED_CLASSES: Final[Mapping[str, Pair]] = {
    "car": ("小型车", "Car"),
    "truck": ("货车", "Truck"),
    "heavy": ("重型车", "Heavy vehicle"),
}

# state of an order: words, mark and tone. The mark says without colour what the tone says with it.
AUDIT_FAULTS: Final[Mapping[str, Pair]] = {
    "changed": (
        "该行在写入后被改动，或此前有行缺失。",
        "This row was changed afterwards, or one before it is missing.",
    ),
    "cut_off": (
        "日志末尾被截断：封印之后的行已不在。",
        "The end was cut off: rows that the seal knows are gone.",
    ),
    "not_the_same": (
        "与封印不符：日志曾被整体改写。",
        "It is not the journal that was sealed: it was written anew.",
    ),
}
CALL_KINDS: Final[Mapping[str, Pair]] = {
    "incident": ("险情叫应", "Incident"),
    "warning": ("预警叫应", "Warning"),
    "test": ("叫应测试", "Test"),
}
CALL_WAYS: Final[Mapping[str, Pair]] = {
    "both": ("上下贯通：直到县级，直到最末一级", "up and down: to the county and to the last cell"),
    "down": ("向下：本级及以下各级", "down: this place and all below"),
    "up": ("向上：本级及以上各级", "up: this place and all above"),
}
CALL_SUBJECTS: Final[Mapping[str, Pair]] = {
    "incident": ("险情 {code} {name}", "incident {code} {name}"),
    "position": ("地图上的一点 {code}", "a point on the map {code}"),
    "shape": ("划定区域内的 {code} 个网格", "{code} cell(s) in an area that was drawn"),
}
CALL_OUTCOMES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "waiting": ("等待应答", "waiting", "○", "warn"),
    "answered": ("已应答", "answered", "✓", "good"),
    "substitute": ("替岗应答", "substitute answered", "✓", "good"),
    "above": ("上级已知", "told above", "△", "warn"),
    "nobody": ("无人应答", "nobody answered", "✕", "bad"),
}
CALL_STATES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "open": ("进行中", "running", "○", "warn"),
    "ended": ("已结束", "ended", "■", ""),
}
CALL_PERSONS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "answered": ("已应答", "answered", "✓", "good"),
    "answered_late": ("超时应答", "answered late", "✓", "warn"),
    "waiting": ("待应答", "waiting", "○", "warn"),
    "late": ("超时未应答", "no answer", "✕", "bad"),
    "spared": ("已有人应答", "answered by others", "—", ""),
    "ready": ("候补", "standing by", "·", ""),
    "missed": ("未应答", "never answered", "✕", "bad"),
}
"""How it stands with one person of a call."""
CALL_OVER: Final[Mapping[str, Pair]] = {
    "screen": ("电话确认", "by telephone"),
    "link": ("本人链接", "own link"),
    "webhook": ("短信语音通道", "message channel"),
}
CALL_SENT: Final[Mapping[str, Pair]] = {
    "waiting": ("通道发送中（第 {tries} 次）", "being sent (try {tries})"),
    "sent": ("通道已送出", "sent"),
    "failed": ("通道未送达（{error}），请电话叫应", "not delivered ({error}): telephone"),
    "dropped": ("不再发送", "no longer sent"),
}
AID_STATES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "requested": ("待答复", "awaiting answer", "○", "warn"),
    "granted": ("已借出", "granted", "✓", "good"),
    "declined": ("已婉拒", "declined", "✕", "bad"),
    "ended": ("已结束", "ended", "■", ""),
}
ORDER_STATES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "sent": ("待接收", "awaiting answer", "○", "warn"),
    "acknowledged": ("已收到", "acknowledged", "✓", "good"),
    "departed": ("已出发", "on the way", "▶", "info"),
    "arrived": ("已到达", "arrived", "◆", "good"),
    "finished": ("已完成", "finished", "■", ""),
    "refused": ("无法执行", "cannot go", "✕", "bad"),
    "cancelled": ("已撤销", "cancelled", "✕", ""),
}
OVERDUE: Final[tuple[str, str, str, str]] = ("逾期未接收", "no answer in time", "!", "bad")

ORDER_ACTS: Final[Mapping[str, Pair]] = {
    "acknowledge": ("收到", "Acknowledge"),
    "depart": ("出发", "Depart"),
    "arrive": ("到达", "Arrive"),
    "finish": ("完成", "Finish"),
    "refuse": ("无法执行", "Cannot go"),
    "cancel": ("撤销指令", "Cancel the order"),
}

# What a village that is called is asked to do.
VILLAGE_TASKS: Final[Mapping[str, Pair]] = {
    "guide": ("派人到路口引导救援队伍", "Send somebody to the junction to guide the teams in"),
    "warn": ("逐户通知群众避险，并清点人数", "Warn every household and count heads"),
    "evacuate": ("组织群众转移到安全地点，并清点人数", "Take people to safety and count heads"),
}
EVACUATE_TO: Final[Pair] = (
    "组织群众转移到{shelter}，并清点人数",
    "Take people to {shelter} and count heads",
)

ORDER_ENDS: Final[Mapping[str, Pair]] = {
    "finished": ("任务已完成，辛苦了。", "The task is finished. Thank you."),
    "refused": ("已告知指挥部无法执行。", "Headquarters knows that you cannot go."),
    "cancelled": ("指令已撤销，无需出动。", "The order was cancelled; do not go."),
}

GRID_FINDINGS: Final[Mapping[str, Pair]] = {
    "gap": ("空隙：没有下级网格覆盖", "gap: land that no grid below covers"),
    "overlap": ("重叠", "overlap"),
    "overhang": ("超出上级网格", "reaches beyond its parent"),
    "sliver": ("碎屑：过小或过窄", "sliver: tiny or without width"),
    "in_pieces": ("不连片", "in several pieces"),
    "invalid": ("图形无效", "broken shape"),
    "empty": ("没有图形", "no shape"),
    "duplicate_code": ("编号重复", "code used twice"),
    "orphan": ("没有上级网格", "no parent of the level above"),
    "childless": ("没有划分下级网格", "no grids below"),
    "unstaffed": ("没有责任人（A角）", "nobody answers for it (A)"),
    "no_phone": ("责任人没有电话", "person without a telephone"),
    "overloaded": ("一人负责网格过多", "person with too many grids"),
    "stale": ("人员信息长期未更新", "person not looked at for long"),
    "village_without": ("村庄不在任何网格内", "village in no grid"),
}
"""What may be wrong with grids and their persons."""

GRID_METHODS: Final[Mapping[str, Pair]] = {
    "divide": ("按村均衡划分", "divide villages evenly"),
    "squares": ("规则方格", "squares"),
    "beidou": ("北斗网格（GB/T 39409）", "BeiDou cells (GB/T 39409)"),
    "drawn": ("按绘制的图形", "drawn polygons"),
}
"""Ways of making leaf grids."""

GRID_GUIDES: Final[Mapping[str, Pair]] = {
    "road": ("道路", "roads"),
    "stream": ("河沟", "streams"),
    "ridge": ("分水线（山脊）", "divides between streams (ridges)"),
}
"""What borders follow."""

GRID_STATES: Final[Mapping[str, Pair]] = {
    "new": ("新增", "new"),
    "changed": ("界线变化", "border changed"),
    "same": ("不变", "unchanged"),
    "gone": ("撤销", "gone"),
}
"""What becomes of a cell when leaf grids are made."""

GRID_MISFITS: Final[Mapping[str, Pair]] = {
    "invalid": ("图形无效，已先修正", "broken polygon, mended first"),
    "outside": ("不在任何村内", "in no village"),
    "beyond": ("部分在村外", "partly outside all villages"),
    "across": ("跨村，已按村界分开", "across villages, cut at their borders"),
    "overlap": ("相互重叠，先画的保留", "overlapping, the earlier kept the land"),
    "uncovered": ("未被覆盖的土地，单独成网格", "land that nothing covered, a grid of its own"),
}
"""What of drawn polygons did not fit the villages."""

GRID_ORIGINS: Final[Mapping[str, Pair]] = {
    "outlines": ("按已有行政边界", "from the outlines of the books"),
    "points": ("按村点就近划分（泰森多边形）", "from village points, each position to the nearest"),
    "whole": ("无下级资料，沿用上级全域", "nothing known below: the whole of the level above"),
}
"""What a cell of the upper levels was made from."""

JOB_KINDS: Final[Mapping[str, Pair]] = {
    "grids": ("生成责任网格", "Making responsibility grids"),
    "ledger": ("检查台账", "Reading a ledger"),
    "export": ("导出数据", "Taking data out"),
    "atlas": ("制作图册", "Making an atlas"),
}
"""What a job is for."""

LEDGER_STATES: Final[Mapping[str, Pair]] = {
    "waiting": ("待预览", "waits for its preview"),
    "previewed": ("已预览，未写入", "previewed, not applied"),
    "refused": ("不能写入，待更正", "cannot be applied yet"),
    "applied": ("已写入", "applied"),
    "undone": ("已撤回", "undone"),
    "dropped": ("已放弃", "dropped"),
}
"""How far a batch of a ledger has come."""

LEDGER_TABS: Final[Mapping[str, Pair]] = {
    "faulty": ("待更正", "To be mended"),
    "new": ("新增", "New"),
    "changed": ("更改", "Changed"),
    "gone": ("文件中没有", "Not in the file"),
    "placed": ("按文字定位", "Placed by words"),
    "columns": ("列对应", "Columns"),
}
"""Parts of a ledger's preview."""

LEDGER_SURENESS: Final[Mapping[str, Pair]] = {
    "own": ("表头相同", "the same header"),
    "also": ("同义表头", "a synonym"),
    "cut": ("截断的表头", "a header cut off"),
    "group": ("重复列组", "a repeating group"),
    "none": ("没有对应", "nothing fits"),
    "second": ("另一列已对应此项", "another column has it already"),
    "chosen": ("人工选定", "chosen by a person"),
}
"""How the field of a ledger's column was found."""

JOB_STAGES: Final[Mapping[str, Pair]] = {
    "": ("准备中", "getting ready"),
    "reading": ("读取各图层", "reading layers"),
    "writing": ("写入文件", "writing the file"),
    "grids_read": ("读取村界、道路与水系", "reading villages, roads and streams"),
    "grids_divide": ("划分村庄", "dividing villages"),
    "read": ("读取数据", "reading the data"),
    "routes": ("计算路线", "finding the ways"),
    "sheets": ("绘制图幅", "drawing sheets"),
    "bind": ("合并成册", "binding the sheets"),
    "opening": ("读取文件", "reading the file"),
    "checking": ("检查各行", "checking the rows"),
    "comparing": ("与库中对比", "comparing with the store"),
    "applying": ("写入", "writing"),
}
"""What a job does now."""

ROLES: Final[Mapping[str, Pair]] = {
    "viewer": ("查看员", "viewer"),
    "registrar": ("数据管理员", "registrar"),
    "duty_officer": ("值班员", "duty officer"),
    "commander": ("指挥长", "commander"),
    "administrator": ("管理员", "administrator"),
    "township": ("乡镇值班员", "township officer"),
    "team_link": ("队伍", "team"),
    "tracker": ("定位终端", "tracker"),
    "call_link": ("被叫应人员", "person called"),
    "call_channel": ("叫应通道", "channel of calls"),
    "nobody": ("访客", "visitor"),
}

# Every act that is written down, as the audit names it.
ACTS: Final[Mapping[str, Pair]] = {
    "incident.report": ("接报险情", "report an incident"),
    "incident.edit": ("补充险情信息", "add to an incident"),
    "incident.send_report": ("上报信息", "send a report upwards"),
    "incident.change_level": ("调整响应级别", "change a level"),
    "incident.escalate": ("提请上级指挥", "escalate an incident"),
    "incident.close": ("办结险情", "close an incident"),
    "incident.cancel": ("撤销险情", "cancel an incident"),
    "plan.propose": ("生成方案", "propose a plan"),
    "plan.prove": ("继续求证方案", "search on for a plan"),
    "plan.replan": ("生成调整方案", "make a plan anew"),
    "plan.confirm": ("下达方案", "confirm a plan"),
    "plan.withdraw": ("撤回方案", "withdraw a plan"),
    "order.link": ("生成指令链接", "make an order's link"),
    "order.unlink": ("作废指令链接", "end an order's link"),
    "order.acknowledge": ("收到指令", "acknowledge an order"),
    "order.depart": ("出发", "depart"),
    "order.arrive": ("到达", "arrive"),
    "order.finish": ("完成指令", "finish an order"),
    "order.refuse": ("无法执行指令", "refuse an order"),
    "order.cancel": ("撤销指令", "cancel an order"),
    "order.call_village": ("叫应村庄", "call a village"),
    "call.start": ("发起叫应", "start a call"),
    "call.answer": ("登记应答", "take down an answer"),
    "call.link": ("生成叫应链接", "make a called person's link"),
    "call.escalate": ("逐级续呼", "call whoever follows"),
    "call.end": ("结束叫应", "end a call"),
    "tracker.create": ("登记定位终端", "add a tracker"),
    "tracker.revoke": ("停用定位终端", "end a tracker"),
    "aid.request": ("请求支援", "ask for help"),
    "aid.answer": ("答复支援请求", "answer a request for help"),
    "aid.end": ("结束支援", "end help"),
    "closure.close": ("管制道路", "close a road"),
    "closure.edit": ("修改道路管制", "change a closure"),
    "closure.open": ("解除道路管制", "open a road"),
    "hazard.draw": ("划定危险区", "draw a danger area"),
    "hazard.edit": ("修改危险区", "change a danger area"),
    "hazard.end": ("解除危险区", "end a danger area"),
    "grid.staff": ("变更网格责任人", "change who answers for a grid"),
    "grid.edit": ("修改网格", "change a grid"),
    "grid.mend": ("修复网格细小问题", "mend hairline faults of grids"),
    "grid.divide": ("重新划分网格", "make leaf grids anew"),
    "grid.restore": ("恢复网格", "bring grids back"),
    "resource.edit": ("更新资源状态", "report how a resource stands"),
    "message.send": ("发出消息", "send a message"),
    "message.acknowledge": ("确认消息", "acknowledge a message"),
    "shift.hand_over": ("交接班", "hand the shift over"),
    "layer.import": ("导入图层", "import a layer"),
    "layer.export": ("导出图层", "export a layer"),
    "ledger.upload": ("上传台账", "bring a ledger in"),
    "ledger.correct": ("更正台账", "correct a ledger"),
    "ledger.map": ("保存列对应", "save a ledger's columns"),
    "ledger.drop": ("放弃台账", "drop a ledger"),
    "ledger.apply": ("写入台账", "apply a ledger"),
    "ledger.undo": ("撤回整批台账", "undo a ledger"),
    "osm.import": ("导入路网", "import roads"),
    "atlas.print": ("制作图册", "make an atlas"),
    "county.export": ("导出全县数据", "export the county"),
    "county.import": ("导入全县数据", "import a county"),
    "demo.load": ("载入演示县", "load the demonstration county"),
    "terrain.import": ("导入地形", "import terrain"),
    "system.check": ("检查系统", "check the system"),
    "audit.verify": ("核验审计记录", "verify the audit"),
    "audit.export": ("导出审计记录", "export the audit"),
    "own.password": ("修改本人密码", "change one's own password"),
    "own.end_session": ("结束本人的一次登录", "end a login of one's own"),
    "account.create": ("新建账号", "add an account"),
    "account.disable": ("停用账号", "disable an account"),
    "account.enable": ("启用账号", "enable an account"),
    "account.set_password": ("重置账号密码", "set an account's password"),
    "account.make_key": ("生成读取密钥", "make a reading key"),
}
SUBJECTS: Final[Mapping[str, Pair]] = {
    "atlas": ("图册", "atlas"),
    "incident": ("险情", "incident"),
    "plan": ("方案", "plan"),
    "call": ("叫应", "call"),
    "order": ("指令", "order"),
    "closure": ("道路管制", "closure"),
    "hazard": ("危险区", "danger area"),
    "grid": ("责任网格", "grid"),
    "aid": ("支援请求", "request for help"),
    "message": ("消息", "message"),
    "shift": ("交接班", "handover"),
    "team": ("队伍", "team"),
    "vehicle": ("车辆", "vehicle"),
    "depot": ("储备库", "depot"),
    "lot": ("库存", "stock lot"),
    "place": ("场所", "place"),
    "tracker": ("定位终端", "tracker"),
    "ledger": ("台账", "ledger"),
    "user": ("账号", "account"),
    "layer": ("图层", "layer"),
    "roads": ("路网", "roads"),
    "relief": ("地形", "terrain"),
    "county": ("全县数据", "county"),
    "demo": ("演示县", "demonstration county"),
    "journal": ("审计记录", "journal"),
}

ROAD_CLASSES: Final[Mapping[str, Pair]] = {
    "motorway": ("高速公路", "motorway"),
    "trunk": ("国道", "trunk road"),
    "primary": ("干线公路", "main road"),
    "secondary": ("县道", "county road"),
    "tertiary": ("乡道", "township road"),
    "track": ("机耕道", "track"),
    "path": ("小路", "path"),
    "footway": ("步道", "footway"),
    "service": ("内部道路", "service road"),
    "residential": ("街道", "street"),
    "road": ("村道", "local road"),
}

# A turn of a way: into another road, and on the same one.
TURNS: Final[Mapping[str, Pair]] = {
    "start": ("向{heading}出发，沿{road}行驶 {length}", "Head {heading} on {road}, {length}"),
    "straight": ("直行进入{road}，{length}", "Straight on into {road}, {length}"),
    "slight_left": ("向左前方进入{road}，{length}", "Bear left into {road}, {length}"),
    "left": ("左转进入{road}，{length}", "Turn left into {road}, {length}"),
    "sharp_left": ("向左后方急转进入{road}，{length}", "Turn sharp left into {road}, {length}"),
    "slight_right": ("向右前方进入{road}，{length}", "Bear right into {road}, {length}"),
    "right": ("右转进入{road}，{length}", "Turn right into {road}, {length}"),
    "sharp_right": ("向右后方急转进入{road}，{length}", "Turn sharp right into {road}, {length}"),
    "u_turn": ("掉头进入{road}，{length}", "Turn round into {road}, {length}"),
}
TURNS_ON: Final[Mapping[str, Pair]] = {
    "straight": ("直行，继续沿{road}，{length}", "Straight on along {road}, {length}"),
    "slight_left": ("靠左，继续沿{road}，{length}", "Keep left along {road}, {length}"),
    "left": ("左转，继续沿{road}，{length}", "Turn left, still {road}, {length}"),
    "sharp_left": ("向左急转，继续沿{road}，{length}", "Turn sharp left, still {road}, {length}"),
    "slight_right": ("靠右，继续沿{road}，{length}", "Keep right along {road}, {length}"),
    "right": ("右转，继续沿{road}，{length}", "Turn right, still {road}, {length}"),
    "sharp_right": ("向右急转，继续沿{road}，{length}", "Turn sharp right, still {road}, {length}"),
    "u_turn": ("掉头，沿{road}返回，{length}", "Turn round, back along {road}, {length}"),
}
COMPASS: Final[Sequence[Pair]] = (
    ("北", "north"),
    ("东北", "north-east"),
    ("东", "east"),
    ("东南", "south-east"),
    ("南", "south"),
    ("西南", "south-west"),
    ("西", "west"),
    ("西北", "north-west"),
)

# Printed map sheets.
SHEET_TITLES: Final[Mapping[str, Pair]] = {
    "responsibility": ("{name}{theme}网格责任图", "{name}: {theme} responsibility grids"),
    "command": ("{name}应急作战指挥图", "{name}: operations command map"),
    "risk": ("{name}重大风险隐患分布图", "{name}: major risks and hazards"),
    "forest_fire": ("{name}森林防灭火一张图", "{name}: forest-fire map"),
}
SHEET_KINDS: Final[Mapping[str, Pair]] = {
    "responsibility": ("网格责任图", "Responsibility grids"),
    "command": ("应急作战指挥图", "Operations command map"),
    "risk": ("重大风险隐患分布图", "Major risks and hazards"),
    "forest_fire": ("防灭火一张图", "Forest-fire map"),
}
_EIGHT: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
SHEET_LEVELS: Final[Mapping[str, Pair]] = {
    "county": ("县级图", "county sheet"),
    "township": ("乡镇级图", "township sheet"),
    "village": ("村级图", "village sheet"),
    "grid": ("网格图", "grid sheet"),
    "enterprise": ("企业图", "enterprise sheet"),
}
SHEET_BORDERS: Final[Mapping[str, Pair]] = {
    "county": ("县界", "county boundary"),
    "township": ("乡镇界", "township boundary"),
    "district": ("片区界", "district boundary"),
    "village": ("村界", "village boundary"),
    "grid": ("网格界", "grid boundary"),
}
SHEET_PLACES: Final[Mapping[str, Pair]] = {
    "county": ("县政府驻地", "county seat"),
    "township": ("乡镇政府驻地", "township seat"),
    "village": ("行政村", "village"),
    "hamlet": ("自然村", "hamlet"),
}
SHEET_ROADS: Final[Mapping[str, Pair]] = {
    "motorway": ("高速公路", "motorway"),
    "trunk": ("国道", "national road"),
    "primary": ("省道、干线公路", "provincial or main road"),
    "secondary": ("县道", "county road"),
    "tertiary": ("乡道", "township road"),
    "local": ("村道、街道", "local road, street"),
    "service": ("内部道路", "service road"),
    "track": ("机耕道", "track"),
    "path": ("小路", "path"),
}
SHEET_SECTIONS: Final[Mapping[str, Pair]] = {
    "figures": ("基本情况", "Figures"),
    "sheets": ("下级图幅", "Sheets within"),
    "people": ("网格责任人", "People in charge"),
    "facts": ("单位概况", "Facts"),
    "ways": ("转移路线", "Ways to shelters"),
}
"""Tables of a sheet that are no table of a layer."""
SHEET_COLUMNS: Final[Mapping[str, Pair]] = {
    "number": ("图号", "Sheet"),
    "area_km2": ("面积（平方公里）", "Area (km²)"),
    "population": ("常住人口", "Population"),
    "households": ("户数", "Households"),
    "townships": ("乡镇", "Townships"),
    "villages": ("行政村", "Villages"),
    "cells": ("网格", "Grids"),
    "persons": ("网格责任人", "People in charge"),
    "hazards": ("地质灾害隐患点", "Hazard points"),
    "hazards_households": ("受威胁户数", "Households under threat"),
    "hazards_people": ("受威胁人数", "People under threat"),
    "shelters_capacity": ("避难场所可容纳人数", "Capacity of shelters (people)"),
    "from": ("从", "From"),
    "to": ("到", "To"),
    "way_m": ("路程", "Way"),
    "way_min": ("步行时间", "On foot"),
    "ready_min": ("准备", "Ready in"),
    "road_min": ("行车", "Road"),
    "total_min": ("到达", "There in"),
}
"""Columns and figures that are no field of a layer; the number of a layer's things is named by the layer."""
SHEET_WORDS: Final[Mapping[str, Pair]] = {
    "legend": ("图例", "Legend"),
    "locator": ("位置示意", "Location"),
    "live": ("扫码看实时页面", "Scan for the live page"),
    "river": ("河流", "river"),
    "stream": ("沟溪", "stream"),
    "water": ("水库、水面", "reservoir, water"),
    "wood": ("林地", "woodland"),
    "threat": ("威胁范围", "area under threat"),
    "subject": ("本图范围", "land of this sheet"),
    "tints": ("相邻区域分色", "tints tell neighbours apart"),
    "route_shelter": ("转移路线", "route to a shelter"),
    "route_response": ("救援路线", "rescue route"),
    "number": ("编号", "No."),
    "name": ("名称", "Name"),
    "listed": ("图上编号对照", "Numbers on the map"),
    "continued": ("{title}（续）", "{title} (continued)"),
    "page": ("第 {at} 页，共 {of} 页", "page {at} of {of}"),
}

_MINUTE_MS: Final = 60_000
NUMERALS: Final = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ")


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: words, a mark for those who see no colour, a tone for those who do."""

    text: str
    mark: str
    tone: str


def pick(pair: Pair, lang: Lang) -> str:
    """Take the words of one language."""
    return pair[0] if lang == "zh" else pair[1]


def fill(sentence: str, numbers: Mapping[str, Any], lang: Lang) -> str:
    """Put numbers into a sentence; a duration for each that ends in `_ms`. The sentence is ours, the numbers never are."""
    shown = {
        name: i18n.duration(value, lang) if name.endswith("_ms") else value for name, value in numbers.items()
    }
    return sentence.format_map(_Forgiving(shown))


def need_parts(key: str) -> tuple[str, str]:
    """Split a need's key ("capability:medical", "capability:medical:1") into its kind and the code that it asks for."""
    kind, code = key.split(":")[:2]
    return kind, code


class _Forgiving(dict[str, Any]):
    """Numbers of a sentence; one that the code did not give is shown as a dash instead of failing the page."""

    def __missing__(self, key: str) -> str:
        return "—"


@dataclass(frozen=True, slots=True)
class Words:
    """Every word that a page needs, in one language; the county's own ones come from its policy."""

    policy: Policy
    lang: Lang

    # -- fixed words

    def trigger(self, code: str, count: int) -> str:
        """Say why a new plan may be needed."""
        return pick(TRIGGERS[code], self.lang).format(n=count)

    def gain(self, tier: str, before: int, after: int) -> str:
        """Say what a change gains over keeping everything."""
        return pick(
            (
                "改变的收益：{tier}由 {before} 降至 {after}",
                "What the change gains: {tier} falls from {before} to {after}",
            ),
            self.lang,
        ).format(
            tier=self.tier(tier), before=self.tier_value(tier, before), after=self.tier_value(tier, after)
        )

    def silent_ended(self, count: int) -> str:
        """Say that orders are ended because nobody answers."""
        return pick(
            (
                "改变将终止 {n} 条无人应答的指令，由替补承担，不重复派出",
                "The change ends {n} order(s) that nobody answers, so that nothing goes twice",
            ),
            self.lang,
        ).format(n=count)

    def anew_sentence(self, ends: int, units: int, move_ups: int) -> str:
        """Say in one sentence what accepting a plan made anew does."""
        return pick(
            (
                "确认后：终止 {ends} 条指令，新下达 {new} 条，其余照旧；其间情况有变则不执行，并说明变化。",
                "Accepting ends {ends} order(s) and sends {new} new one(s); all others go on. If anything has changed \
meanwhile, nothing is done and you are told what.",
            ),
            self.lang,
        ).format(ends=ends, new=units + move_ups)

    def keep_button(self, units: int) -> str:
        """Name the button that ends nothing."""
        return pick(("保持现有指令，另派 {n} 个", "Keep what is under way, send {n} more"), self.lang).format(
            n=units
        )

    def vehicle_class(self, code: str) -> str:
        """Name a class of vehicle that a question about roads is asked for."""
        return pick(VEHICLE_CLASSES[code], self.lang)

    def served_kind(self, code: str) -> str:
        """Name a kind of what needs a road."""
        return pick(SERVED_KINDS[code], self.lang)

    def struck_road(self, road: Any) -> str:
        """Name a road under a closure: what its sign says, else what kind of road it is."""
        return road.name or self.road_class(road.road_class.removesuffix("_link"))

    def cut_off_sentence(self, effect: Any) -> str:
        """Say how many have no road any more."""
        villages = sum(1 for one in effect.cut_off if one.served.kind == "village")
        return pick(
            (
                "切断道路：{villages} 个村 {people} 人，另有 {others} 处设施或队伍",
                "Without a road: {villages} village(s) with {people} people, {others} other place(s) or team(s)",
            ),
            self.lang,
        ).format(villages=villages, people=effect.people, others=len(effect.cut_off) - villages)

    def touched_sentence(self, count: int) -> str:
        """Say how many running orders still have to pass."""
        return pick(
            ("影响 {n} 条执行中的指令", "{n} running order(s) still have to pass there"), self.lang
        ).format(n=count)

    def problem(self, code: str, details: Mapping[str, Any]) -> str:
        """Say why an act was not done; `problem` among the details is a problem of a ledger."""
        if details.get("problem") in self.policy.vocabulary["problems"]:
            said = self.policy.word("problems", details["problem"], self.lang)
            details = {**details, "why": fill(said, details, self.lang)}
        return fill(pick(PROBLEMS[code], self.lang), details, self.lang)

    def trouble(self, code: str) -> str:
        """Warn of what is wrong with the server."""
        return pick(TROUBLES[code], self.lang)

    def reason(self, code: str, numbers: Mapping[str, Any]) -> str:
        """Say why a unit goes, or does not."""
        first = code == "earliest" and numbers.get("sooner") == 0
        return fill(pick(EARLIEST_OF_ALL if first else REASONS[code], self.lang), numbers, self.lang)

    def change(self, field: str, numbers: Mapping[str, Any]) -> str:
        """Say what has changed under a plan."""
        return fill(pick(CHANGES[field], self.lang), numbers, self.lang)

    def tier(self, code: str) -> str:
        """Name an objective."""
        return pick(TIERS[code], self.lang)

    def form_field(self, name: str) -> str:
        """Name a field of a form; one that is never shown (such as a token) by its own name."""
        return pick(FORM_FIELDS[name], self.lang) if name in FORM_FIELDS else name

    def tier_value(self, code: str, value: int) -> str:
        """Write how good a plan is in one objective, in the objective's own unit."""
        if code in SHARE_TIERS:
            return f"{value / 100:,.0f} %"
        return i18n.duration(value, self.lang) if code in TIME_TIERS else f"{value:,}"

    def tier_difference(self, code: str, value: int, other: int) -> str:
        """Write how much more (or less) `other` is than `value`; an equals sign where it is the same."""
        if value == other:
            return "="
        return ("+" if other > value else "−") + self.tier_value(code, abs(other - value))

    def incident_state(self, code: str) -> str:
        """Name a state of an incident."""
        return pick(INCIDENT_STATES[code], self.lang)

    def order_act(self, code: str) -> str:
        """Name what a team or the command post does with an order."""
        return pick(ORDER_ACTS[code], self.lang)

    def order_end(self, state: str) -> str:
        """Say that nothing more is asked of a team."""
        return pick(ORDER_ENDS[state], self.lang)

    def order_look(self, state: str, overdue: bool) -> Look:  # noqa: FBT001  # a template's call
        """Show the state of an order."""
        chinese, english, mark, tone = OVERDUE if overdue else ORDER_STATES[state]
        return Look(pick((chinese, english), self.lang), mark, tone)

    def order_looks(self) -> list[Look]:
        """Show every state that an order can be in, in the order of its life."""
        looks = [self.order_look(state, overdue=False) for state in ORDER_STATES]
        return [looks[0], self.order_look("sent", overdue=True), *looks[1:]]

    def audit_fault(self, code: str) -> str:
        """Say what is wrong with the journal."""
        return pick(AUDIT_FAULTS[code], self.lang)

    def act(self, code: str) -> str:
        """Name an act as the audit does; one that an earlier release knew stands for itself."""
        return pick(ACTS[code], self.lang) if code in ACTS else code

    def subject(self, code: str) -> str:
        """Name what kind of thing an act was done to."""
        return pick(SUBJECTS[code], self.lang) if code in SUBJECTS else code

    def aid_state(self, state: str) -> Look:
        """Show the state of a request for mutual aid."""
        chinese, english, mark, tone = AID_STATES[state]
        return Look(pick((chinese, english), self.lang), mark, tone)

    def call_kind(self, code: str) -> str:
        """Name what a call is about."""
        return pick(CALL_KINDS[code], self.lang)

    def call_ways(self) -> list[tuple[str, str]]:
        """List the ways that a call can go."""
        return [(code, pick(pair, self.lang)) for code, pair in CALL_WAYS.items()]

    def call_look(self, group: str, code: str) -> Look:
        """Show how a call ("state"), a place of it ("outcome") or a person of it ("person") stands."""
        table = {"state": CALL_STATES, "outcome": CALL_OUTCOMES, "person": CALL_PERSONS}[group]
        chinese, english, mark, tone = table[code]
        return Look(pick((chinese, english), self.lang), mark, tone)

    def call_over(self, code: str) -> str:
        """Say over what somebody answered."""
        return pick(CALL_OVER[code], self.lang)

    def call_sent(self, state: str, tries: int, error: str) -> str:
        """Say how it stands with what goes out."""
        return fill(pick(CALL_SENT[state], self.lang), {"tries": tries, "error": error}, self.lang)

    def call_subject(self, subject: Any) -> str:
        """Name where a call began: what stands there by its own name, else what it is."""
        if subject.kind not in CALL_SUBJECTS:
            return self.name(subject)
        told = {"code": subject.code, "name": subject.name}
        return fill(pick(CALL_SUBJECTS[subject.kind], self.lang), told, self.lang).strip()

    def role(self, code: str) -> str:
        """Name a role."""
        return pick(ROLES[code], self.lang)

    def job_kind(self, code: str) -> str:
        """Name what a job is for."""
        return pick(JOB_KINDS[code], self.lang)

    def ledger_state(self, code: str) -> str:
        """Say how far a batch has come."""
        return pick(LEDGER_STATES[code], self.lang)

    def ledger_tab(self, code: str) -> str:
        """Name a part of a preview."""
        return pick(LEDGER_TABS[code], self.lang)

    def ledger_sureness(self, code: str) -> str:
        """Say how a column's field was found."""
        return pick(LEDGER_SURENESS[code], self.lang)

    def job_stage(self, code: str) -> str:
        """Name what a job does now."""
        return pick(JOB_STAGES[code], self.lang)

    # -- printed map sheets

    def sheet_word(self, code: str) -> str:
        """Take a fixed word of a printed sheet."""
        return pick(SHEET_WORDS[code], self.lang)

    def sheet_title(self, sheet: Sheet) -> str:
        """Name a sheet: its land, and what it shows."""
        theme = self.term("grid_themes", sheet.theme) if sheet.theme else ""
        title = pick(SHEET_TITLES[sheet.kind], self.lang).format(name="\0", theme=theme)
        return " ".join(title.replace("\0", sheet.name).split())

    def sheet_kind(self, kind: str) -> str:
        """Name a kind of sheet, of no land in particular."""
        return pick(SHEET_KINDS[kind], self.lang)

    def sheet_level(self, level: str) -> str:
        """Name a level of sheets."""
        return pick(SHEET_LEVELS[level], self.lang)

    def sheet_direction(self, direction: str) -> str:
        """Name one of the eight directions."""
        return pick(COMPASS[_EIGHT.index(direction)], self.lang)

    def sheet_subtitle(self, sheet: Sheet) -> str:
        """Say of which level a sheet is, and the code of its land."""
        return f"{pick(SHEET_LEVELS[sheet.level], self.lang)}　{sheet.code}"

    def sheet_number(self, sheet: Sheet) -> str:
        """Say which sheet of its atlas this is."""
        pair = ("第 {number} 幅 / 共 {total} 幅", "Sheet {number} of {total}")
        return pick(pair, self.lang).format(number=sheet.number, total=sheet.total)

    def sheet_neighbour(self, one: Neighbour) -> str:
        """Name the sheet that goes on beyond an edge."""
        if one.number is None:
            return one.name
        return f"{pick(('{number} 幅', 'sheet {number}'), self.lang).format(number=one.number)} {one.name}"

    def sheet_classification(self, sheet: Sheet) -> str:
        """Say who may see a sheet."""
        return self.term("classifications", sheet.classification) if sheet.classification else ""

    def sheet_border(self, level: str) -> str:
        """Name a boundary line."""
        return pick(SHEET_BORDERS[level], self.lang)

    def sheet_place(self, place: str) -> str:
        """Name a sort of settlement."""
        return pick(SHEET_PLACES[place], self.lang)

    def sheet_road(self, sort: str) -> str:
        """Name a sort of road line."""
        return pick(SHEET_ROADS[sort], self.lang)

    def sheet_count(self, count: int) -> str:
        """Write how many of a sign are on a sheet."""
        return pick(("（{n}）", " ({n})"), self.lang).format(n=count)

    def sheet_listed(self, members: Sequence[Drawn]) -> str:
        """Name what a number on a map stands for; several by their layer first."""
        names = pick(("、", "; "), self.lang).join(one.name for one in members)
        if len(members) == 1:
            return names
        pair = ("{layer} {n} 处：{names}", "{layer} ({n}): {names}")
        return pick(pair, self.lang).format(layer=self.layer(members[0].layer), n=len(members), names=names)

    def sheet_degrees(self, seconds: int, *, east: bool) -> str:
        """Write a coordinate at the edge of a map: degrees and minutes, seconds only where they are not zero."""
        degrees, rest = divmod(abs(seconds), 3600)
        minutes, left = divmod(rest, 60)
        side = ("E" if seconds >= 0 else "W") if east else ("N" if seconds >= 0 else "S")
        return f"{degrees}°{minutes:02d}′" + (f"{left:02d}″" if left else "") + side

    def sheet_convergence(self, degrees: float) -> str:
        """Say how far true north is from the top of the sheet, in minutes of arc; nothing below one."""
        minutes = round(abs(degrees) * 60)
        if not minutes:
            return pick(("真北", "true N"), self.lang)
        side = pick(("偏东", "E") if degrees > 0 else ("偏西", "W"), self.lang)
        return pick(("真北{side}{m}′", "TN {m}′ {side}"), self.lang).format(side=side, m=minutes)

    def sheet_scale(self, denominator: int) -> str:
        """Write a scale as a ratio."""
        return f"1:{denominator:,}".replace(",", " ")

    def sheet_data_date(self, sheet: Sheet) -> str:
        """Say of which day a sheet's data are."""
        return pick(("数据日期 {day}", "Data of {day}"), self.lang).format(day=sheet.data_date.isoformat())

    def sheet_origin(self, sheet: Sheet, crs: Any) -> list[str]:
        """Say in which reference system a sheet is drawn, who approved and who made it, and of which day it is."""
        meridian = next((p.value for p in crs.coordinate_operation.params if "ongitude" in p.name), 0.0)
        system = (
            pick(
                (
                    "2000国家大地坐标系　高斯-克吕格投影（3°带，中央经线 {cm:g}°）",
                    "CGCS2000, Gauss-Kruger, 3° zone, central meridian {cm:g}°",
                ),
                self.lang,
            ).format(cm=meridian)
            if crs.name.startswith("CGCS2000")
            else crs.name
        )
        approval = sheet.approval or pick(("未送审", "not submitted"), self.lang)
        made = (
            pick(("编制：{who}　", "Made by {who}. "), self.lang).format(who=sheet.producer)
            if sheet.producer
            else ""
        )
        rest = pick(("审图号：{approval}　{day}", "Approval: {approval}. {day}"), self.lang).format(
            approval=approval, day=self.sheet_data_date(sheet)
        )
        return [system, made + rest]

    def sheet_section(self, code: str) -> str:
        """Name a table of a sheet: of a layer by its name, people by the level of their grid."""
        head, _, level = code.partition(".")
        if level:
            name, of = self.sheet_section(head), self.term("grid_levels", level)
            return pick(("{name}：{of}", "{name}: {of}"), self.lang).format(name=name, of=of)
        table = self.policy.atlas.tables.get(code)
        if table is None:
            return pick(SHEET_SECTIONS[code], self.lang) if code in SHEET_SECTIONS else code
        if table.answers:
            return pick(("{layer}（最快到达）", "{layer} (first to arrive)"), self.lang).format(
                layer=self.layer(table.layer)
            )
        return self.layer(table.layer)

    def sheet_column(self, column: str) -> str:
        """Name a column: a field of a policy layer ("teams.strength"), a role ("duty_roles.ranger"), or a figure."""
        layer, _, name = column.partition(".")
        if name and layer in self.policy.layers and name in self.policy.layers[layer].fields:
            return self.field(self.policy.layers[layer], name)
        if name:
            return self.term(layer, name)
        if column in SHEET_COLUMNS:
            return pick(SHEET_COLUMNS[column], self.lang)
        return self.layer(column) if column in self.policy.layers else column

    def sheet_cell(self, column: str, value: str | float | date | None) -> str:
        """Write a cell: codes of the vocabulary in words, `…_min` as durations, `…_m` as lengths, nothing as a dash."""
        if value is None or value == "":
            return "—"
        layer, _, name = column.partition(".")
        if name and layer in self.policy.layers and name in self.policy.layers[layer].fields:
            return self.value(self.policy.layers[layer], name, value)
        if layer == "duty_roles":
            return str(value).replace("; ", "\n")
        if column == "way_m" and isinstance(value, int | float):
            return i18n.distance(value, self.lang)
        if column.endswith("_min") and isinstance(value, int | float):
            return i18n.duration(round(value * _MINUTE_MS), self.lang)
        return f"{value:,}" if isinstance(value, int) and not name else str(value)

    # -- the county's words

    def _of(self, words: Mapping[str, str]) -> str:
        return words[self.lang]

    def term(self, group: str, code: str) -> str:
        """Look up a code of the vocabulary; a code that the county has taken out since stands for itself."""
        term = self.policy.vocabulary.get(group, {}).get(code)
        return self._of(term.words) if term else code

    def group(self, group: str) -> dict[str, str]:
        """Give every word of one group of the vocabulary."""
        return {code: self._of(term.words) for code, term in self.policy.vocabulary[group].items()}

    def layer(self, code: str) -> str:
        """Name a layer."""
        return self._of(self.policy.layers[code].words)

    def level(self, number: int) -> str:
        """Name a level of response."""
        return self._of(self.policy.levels[number].words)

    def level_numeral(self, number: int) -> str:
        """Write a level as a numeral, for narrow places."""
        return NUMERALS[number - 1]

    def incident_types(self) -> list[tuple[str, str]]:
        """List every kind of incident with its name, in the policy's order."""
        return [(code, self._of(kind.words)) for code, kind in self.policy.incident_types.items()]

    def incident_types_with_levels(self) -> list[tuple[str, str, int]]:
        """List every kind of incident with its name and the level that it usually has."""
        kinds = self.policy.incident_types.values()
        return [(kind.code, self._of(kind.words), kind.default_level) for kind in kinds]

    def headquarters(self, type_code: str) -> str:
        """Name the headquarters that incidents of a kind belong to."""
        kind = self.policy.incident_types.get(type_code)
        return self._of(kind.headquarters) if kind else "—"

    def lead_office(self, type_code: str) -> str:
        """Name the office that leads at incidents of a kind."""
        kind = self.policy.incident_types.get(type_code)
        return self._of(kind.lead_office) if kind else "—"

    def report(self, code: str) -> str:
        """Name a report that is owed."""
        clock = self.policy.report_clocks.get(code)
        return self._of(clock.words) if clock else code

    def deadline(self, code: str) -> str:
        """Name a clock that runs on an incident."""
        return pick(DEADLINES[code], self.lang) if code in DEADLINES else self.report(code)

    def incident_field(self, name: str) -> str:
        """Name a field of an incident; one of its details by the county's own word."""
        if name.startswith("details."):
            return self.term("details", name.removeprefix("details."))
        return pick(INCIDENT_FIELDS[name], self.lang)

    def counts(self, name: str) -> bool:
        """Whether a field of an incident is a detail that is counted."""
        detail = self.policy.details.get(name.removeprefix("details."))
        return detail is not None and detail.kind == "count"

    def where(self, links: Sequence[Any]) -> str:
        """Write a place by its township and grid, as far as they are known."""
        return " · ".join(self.name(link) for link in links)

    def incident_type(self, code: str) -> str:
        """Name a kind of incident."""
        kind = self.policy.incident_types.get(code)
        return self._of(kind.words) if kind else code

    def incident_title(self, incident: Any) -> str:
        """Name one incident: its kind, and its own name or number."""
        return f"{self.incident_type(incident.type)} {incident.name or f'#{incident.id}'}"

    def name(self, named: Any) -> str:
        """Take the name of anything that has one in two languages; its code where it has none."""
        english = getattr(named, "name_en", "") if self.lang == "en" else ""
        return english or named.name or named.code

    def vehicle(self, kind: str, code: str, owner: str) -> str:
        """Name a vehicle: what it is first, so that several of one owner are told apart at a glance."""
        pair = ("{kind} {code}（{owner}）", "{kind} {code} ({owner})")
        return pick(pair, self.lang).format(kind=self.term("vehicle_kinds", kind), code=code, owner=owner)

    def asked_for(self, kind: str, code: str) -> str:
        """Name what a need asks for: a capability, a kind of vehicle, an item."""
        group = {"capability": "capabilities", "vehicle": "vehicle_kinds", "material": "items"}[kind]
        return self.term(group, code)

    def need(self, need: Any) -> str:
        """Name a need, with its grade and least strength where they bind."""
        text = self.asked_for(need.kind, need.code)
        if need.grade < LAST_GRADE:
            text += pick(("（{grade} 级及以上）", " (grade {grade} or better)"), self.lang).format(
                grade=need.grade
            )
        if need.min_strength > 1:
            text += pick(("，每队不少于 {heads} 人", ", teams of {heads} or more"), self.lang).format(
                heads=need.min_strength
            )
        return text

    def amount(self, kind: str, code: str, quantity: int) -> str:
        """Write a quantity with its unit: heads, vehicles, or the item's own unit where its name does not say it."""
        if kind == "capability":
            return pick(("{n} 人", "{n} head" if quantity == 1 else "{n} heads"), self.lang).format(
                n=quantity
            )
        if kind == "vehicle":
            return pick(("{n} 台", "{n}"), self.lang).format(n=quantity)
        item = self.policy.items.get(code)
        unit = self._of(item.unit) if item else ""
        if not unit or unit.casefold() == self.term("items", code).casefold():
            return str(quantity)
        return pick(("{n} {unit}", "{n} × {unit}"), self.lang).format(n=quantity, unit=unit)

    def bring(self, kind: str, code: str, quantity: int) -> str:
        """Write what somebody brings: what, and how much of it."""
        pair = ("{what} {amount}", "{what}: {amount}")
        return pick(pair, self.lang).format(
            what=self.asked_for(kind, code), amount=self.amount(kind, code, quantity)
        )

    def duration(self, ms: int | None) -> str:
        """Write a duration."""
        return i18n.duration(ms, self.lang)

    def field(self, layer: Layer, name: str) -> str:
        """Name a field of a layer."""
        return self._of(layer.fields[name].words)

    def value(self, layer: Layer, name: str, value: Any) -> str:
        """Write a field's value: a code of the vocabulary by its words, yes and no, anything else as it is."""
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return pick(("是", "yes") if value else ("否", "no"), self.lang)
        field = layer.fields[name]
        if name.endswith("_min"):
            return i18n.duration(int(value) * _MINUTE_MS, self.lang)
        if field.type == "capabilities":
            graded = (part.partition(":") for part in str(value).split(";"))
            return self.capabilities(
                [Capability(code=code, grade=int(grade or LAST_GRADE)) for code, _, grade in graded]
            )
        return self.term(field.group, str(value)) if field.group else str(value)

    def capabilities(self, found: Sequence[Capability]) -> str:
        """List what a team can do, with grades."""
        graded = pick(("{what}（{grade} 级）", "{what} (grade {grade})"), self.lang)
        named = [graded.format(what=self.term("capabilities", one.code), grade=one.grade) for one in found]
        return pick(("、", ", "), self.lang).join(named)

    def chain(self, location: Location) -> list[str]:
        """Name the chain of a position: its grids from the county down, or its areas where there are no grids."""
        return [self.name(link) for link in location.grids or location.areas]

    def place(self, location: Location | None) -> str:
        """Write a position's place as in an address; empty where nothing is known of it.

        A grid is often named after its village: who says the grid need not say the village before it.
        """
        chain = self.chain(location)[1:] if location else []
        links = [one for one, below in zip(chain, [*chain[1:], ""], strict=True) if not below.startswith(one)]
        return pick(("", ", "), self.lang).join(links if self.lang == "zh" else links[::-1])

    def road(self, step: Step) -> str:
        """Name a road as its sign does, name and number; else what kind of road it is."""
        sign = f"{step.name} ({step.ref})" if step.name and step.ref else step.name or step.ref
        return sign or self.road_class(step.road_class.removesuffix("_link"))

    def turn(self, step: Step) -> str:
        """Say one step of a way, with its length."""
        compass = COMPASS[round(step.heading_deg / 45) % len(COMPASS)]
        pair = TURNS_ON[step.turn] if step.same_road and step.turn != "start" else TURNS[step.turn]
        return pick(pair, self.lang).format(
            road=self.road(step),
            length=i18n.distance(step.length_m, self.lang),
            heading=pick(compass, self.lang),
        )

    def limits(self, step: Step) -> str:
        """Say what stands in the way of heavy, high or wide vehicles on a step; empty where nothing does."""
        said = [
            pick(pair, self.lang).format(n=number)
            for number, pair in (
                (step.bridges, ("桥 {n} 座", "bridge" if step.bridges == 1 else "{n} bridges")),
                (step.tunnels, ("隧道 {n} 座", "tunnel" if step.tunnels == 1 else "{n} tunnels")),
                (f"{step.max_mass_kg / 1000:g}" if step.max_mass_kg else "", ("限重 {n} 吨", "limit {n} t")),
                (
                    f"{step.max_height_cm / 100:g}" if step.max_height_cm else "",
                    ("限高 {n} 米", "height {n} m"),
                ),
                (f"{step.max_width_cm / 100:g}" if step.max_width_cm else "", ("限宽 {n} 米", "width {n} m")),
            )
            if number
        ]
        return pick(("，", ", "), self.lang).join(said)

    def road_class(self, code: str) -> str:
        """Name a kind of road; whatever has no name of its own is a local road."""
        return pick(ROAD_CLASSES.get(code, ROAD_CLASSES["road"]), self.lang)

    def speed_classes(self) -> list[tuple[str, str]]:
        """List the classes of vehicles that measuring offers, with their names."""
        return [(code, pick(words, self.lang)) for code, words in SPEED_CLASSES.items()]

    # -- an order in sentences

    def order_text(
        self, *, name: str, title: str, place: str, position: Position, brings: Sequence[str]
    ) -> str:
        """Write an order as one would say it on the radio."""
        return pick(
            (
                "{name}：{title}，请立即赶赴{place}（{where}）。任务：{brings}。收到请回复。",
                "{name}: {title}. Go at once to {place} ({where}). Task: {brings}. Please acknowledge.",
            ),
            self.lang,
        ).format(
            name=name,
            title=title,
            brings=pick(("、", ", "), self.lang).join(brings),
            place=place or pick(("现场", "the scene"), self.lang),
            where=self.coordinates(position),
        )

    def village_task(self, task: str, shelter: str) -> str:
        """Say what a village is to do; `shelter`: where it takes people, "" where none is named."""
        if task == "evacuate" and shelter:
            return pick(EVACUATE_TO, self.lang).format(shelter=shelter)
        return pick(VILLAGE_TASKS[task], self.lang)

    def village_tasks(self) -> list[tuple[str, str]]:
        """List everything that a village may be asked."""
        return [(code, pick(pair, self.lang)) for code, pair in VILLAGE_TASKS.items()]

    def village_order(
        self, *, name: str, title: str, place: str, position: Position, tasks: Sequence[str]
    ) -> str:
        """Write the order to a village as one would say it on the telephone."""
        return pick(
            (
                "{name}：{place}（{where}）发生{title}。请立即：{tasks}。收到请回复，办完请报告。",
                "{name}: {title} at {place} ({where}). At once: {tasks}. Please acknowledge, and report when done.",
            ),
            self.lang,
        ).format(
            name=name,
            title=title,
            tasks=pick(("；", "; "), self.lang).join(tasks),
            place=place or pick(("村内", "the village"), self.lang),
            where=self.coordinates(position),
        )

    def coordinates(self, position: Position) -> str:
        """Write a position in degrees with its hemispheres."""
        lon, lat = position
        east = pick(("东经" if lon >= 0 else "西经", "E" if lon >= 0 else "W"), self.lang)
        north = pick(("北纬" if lat >= 0 else "南纬", "N" if lat >= 0 else "S"), self.lang)
        if self.lang == "zh":
            return f"{east} {abs(lon):.5f}°，{north} {abs(lat):.5f}°"
        return f"{abs(lat):.5f}° {north}, {abs(lon):.5f}° {east}"

    def move_up_order(self, name: str, township: str) -> str:
        """Write the order to stand by elsewhere."""
        return pick(
            (
                "{name}：请立即前移至{township}备勤补位。收到请回复。",
                "{name}: move up to {township} at once and stand by there. Please acknowledge.",
            ),
            self.lang,
        ).format(name=name, township=township)

    def critical_needs(self, type_code: str) -> dict[str, bool]:
        """Map the needs of a kind of incident, in its card's order, to whether they are critical."""
        kind = self.policy.incident_types.get(type_code)
        return {line.key: line.critical for line in kind.card.lines} if kind else {}

    def need_of_key(self, key: str) -> str:
        """Name a need by its key, with its grade where it asks for one."""
        kind, code, *grade = key.split(":")
        text = self.asked_for(kind, code)
        return text + pick(("（{} 级）", " (grade {})"), self.lang).format(grade[0]) if grade else text

    # -- what another plan costs

    def missing_change(self, kind: str, code: str, more: int) -> str:
        """Say that a need lacks more, or less."""
        pair = (
            ("{what}多缺 {n}", "{n} more missing: {what}")
            if more > 0
            else ("{what}少缺 {n}", "{n} fewer missing: {what}")
        )
        return pick(pair, self.lang).format(
            what=self.asked_for(kind, code), n=self.amount(kind, code, abs(more))
        )

    def time_change(self, code: str, by_ms: int, title: str) -> str:
        """Say how much later, or sooner, help is in effect; `title` where several incidents are planned."""
        late, soon = TIME_CHANGES[code]
        said = pick(late if by_ms > 0 else soon, self.lang).format(time=self.duration(abs(by_ms)))
        return f"{title}{pick(('：', ': '), self.lang)}{said}" if title else said

    def legs(self, legs: Any) -> str:
        """Say four times to effect in one line, for those who do not see the bar."""
        pair = (
            "通知 {notify}，集结 {assemble}，行车 {road}，步行 {walk}，共 {total}",
            "notify {notify}, assemble {assemble}, road {road}, walk in {walk}, together {total}",
        )
        parts = (legs.notify_ms, legs.assemble_ms, legs.road_ms, legs.walk_ms)
        notify, assemble, road, walk = (self.duration(ms) for ms in i18n.whole_minutes(parts))
        return pick(pair, self.lang).format(
            notify=notify, assemble=assemble, road=road, walk=walk, total=self.duration(legs.total_ms)
        )

    def proof(self, *, proven: bool, cost: str) -> str:
        """Say what the search that went on after a first plan has found; `cost` is empty where it found nothing better."""
        pair = {
            (True, True): (
                "找到更好的方案并已证明最优：{cost}。",
                "A better plan was found and proven: {cost}.",
            ),
            (True, False): ("找到更好的方案：{cost}。", "A better plan was found: {cost}."),
            (False, True): (
                "已证明：最先给出的方案就是最优。",
                "Proven: the first plan is the best there is.",
            ),
            (False, False): ("继续求解后没有找到更好的方案。", "Nothing better was found in the time."),
        }[bool(cost), proven]
        return pick(pair, self.lang).format(cost=cost)

    def tier_costs(self, differences: Mapping[str, int]) -> list[str]:
        """Say what changes in coverage, in the number of orders and on the road, where it does."""
        said = []
        for code, (more, fewer) in TIER_CHANGES.items():
            by = differences.get(code, 0)
            road = code in TIME_TIERS
            if by and not (road and abs(by) < _MINUTE_MS):
                n = self.duration(abs(by)) if road else str(abs(by))
                said.append(pick(more if by > 0 else fewer, self.lang).format(n=n))
        return said

    def cost(self, parts: Sequence[str]) -> str:
        """Join what another plan costs into one line."""
        return pick(("，", ", "), self.lang).join(parts) or pick(("同样好", "as good as this one"), self.lang)

    def at_most(self, cost: str) -> str:
        """Say that a cost was not proven in the time: it may be less."""
        return pick(("{cost}（未证明，可能更小）", "{cost} (not proven, may be less)"), self.lang).format(
            cost=cost
        )

    # -- a plan in sentences

    def confirm_sentence(self, *, teams: int, vehicles: int, carriers: int, items: int, move_ups: int) -> str:
        """Say in one sentence what confirming a plan does."""
        parts = [
            pick(pair, self.lang).format(n=count)
            for count, pair in (
                (teams, ("{n} 支队伍", "{n} team(s)")),
                (vehicles, ("{n} 台车辆", "{n} vehicle(s)")),
                (carriers, ("{n} 辆运输车", "{n} carrier(s)")),
                (move_ups, ("{n} 支补位队伍", "{n} team(s) moving up")),
            )
            if count
        ]
        listed = pick(("、", ", "), self.lang).join(parts)
        sentence = pick(
            ("确认后立即向 {units} 下达指令", "Confirming sends orders to {units} at once"), self.lang
        ).format(units=listed)
        if items:
            sentence += pick(("，并预留 {n} 种物资", " and reserves goods of {n} kind(s)"), self.lang).format(
                n=items
            )
        return sentence + pick(
            (
                "；其间情况有变则不下达，并说明变化。",
                "; if anything has changed meanwhile, nothing is sent and you are told what.",
            ),
            self.lang,
        )

    def unmet_line(self, unmet: Any, title: str) -> str:
        """Say what one incident misses."""
        pair = (
            "{title}：缺 {what} {n}（需 {asked}）{critical}",
            "{title}: {what}, {n} missing of {asked}{critical}",
        )
        return pick(pair, self.lang).format(
            title=title,
            what=self.asked_for(unmet.kind, unmet.code),
            n=self.amount(unmet.kind, unmet.code, unmet.quantity),
            asked=unmet.asked,
            critical=pick(("，关键", ", critical"), self.lang) if unmet.critical else "",
        )

    def missing(self, unmet: Sequence[Any]) -> str:
        """Sum up what a plan leaves unmet."""
        if not unmet:
            return pick(("需求全部满足", "every need met"), self.lang)
        critical = sum(1 for line in unmet if line.critical)
        return pick(
            ("{n} 项需求有缺口，其中关键 {c} 项", "{n} need(s) short, {c} of them critical"), self.lang
        ).format(n=len(unmet), c=critical)

    def mutual_aid(self, lines: Sequence[str], places: Sequence[str]) -> str:
        """Draft the request that goes to the neighbours or the level above."""
        listed = "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
        return pick(
            (
                "关于请求应急支援的函（草稿）\n现场：{places}\n本县现有力量不足，尚缺：\n{lines}\n请予支援，并告知队伍、出发时间和联系人。",
                "Request for mutual aid (draft)\nScene: {places}\nOur own resources do not suffice. Missing:\n{lines}\n\
Please send help and tell us the unit, its time of departure and a contact.",
            ),
            self.lang,
        ).format(places=pick(("；", "; "), self.lang).join(places), lines=listed)

    def cover_loss(self, loss: Any, township: str) -> str:
        """Say what a township keeps less than it should."""
        return pick(
            (
                "{township}：{what} 由 {before} 人减至 {after} 人（应保 {asked} 人）",
                "{township}: {what} falls from {before} to {after} heads ({asked} should stay)",
            ),
            self.lang,
        ).format(
            township=township,
            what=self.term("capabilities", loss.code),
            before=loss.heads_before,
            after=loss.heads_after,
            asked=loss.heads_asked,
        )

    def move_up(self, move: Any, team: str, township: str) -> str:
        """Say who moves up where."""
        return pick(
            (
                "{team} 前移至{township}，保障{what}，{time}后到位",
                "{team} moves up to {township} for {what}, there in {time}",
            ),
            self.lang,
        ).format(
            team=team,
            township=township,
            what=self.term("capabilities", move.code),
            time=i18n.duration(move.legs.total_ms, self.lang),
        )
